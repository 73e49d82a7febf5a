// Runs before the page is drawn, so that a dark page is not white at first.
try {
  document.documentElement.dataset.scheme = localStorage.getItem("scheme") ?? "";
} catch {
  // a private window follows the system
}
