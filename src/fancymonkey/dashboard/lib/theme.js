// Before the page is drawn, so that a dark page is never white first.
try {
  document.documentElement.dataset.scheme = localStorage.getItem("scheme") ?? "";
} catch {
  // a private window follows the system
}
