// Reads a bar code with the camera, in browsers that support it. A hand scanner types like a
// keyboard and does not need this.

import { html, ref } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";

const EVERY = 150; // ms between two attempts to read

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/** The text of the first bar code in front of the camera; null after Cancel or without a camera. */
export async function scanCode(title) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return openDialog(title, (give) => html`<p role="alert">The camera cannot be used. Allow it in the browser, or type the number.</p><div class="actions"><button type="button" class="button" autofocus @click=${() => give(null)}>Close</button></div>`);
  }
  const detector = new window.BarcodeDetector();
  let over = false;
  const watch = async (video, give) => {
    if (!video || video.srcObject) return;
    video.srcObject = stream;
    while (!over) {
      const codes = await detector.detect(video).catch(() => []); // no picture yet
      if (codes.length && !over) give(codes[0].rawValue.trim());
      await new Promise((done) => setTimeout(done, EVERY));
    }
  };
  try {
    return await openDialog(
      title,
      (give) => html`<video class="camera" autoplay playsinline muted .muted=${true} aria-label="Picture of the camera" ${ref((video) => watch(video, give))}></video>
        <p class="quiet">Hold the bar code in front of the camera.</p>
        <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button></div>`,
    );
  } finally {
    over = true;
    for (const track of stream.getTracks()) track.stop();
  }
}

/** A button that scans, if the browser supports it; `then` gets the text. */
export const scanButton = (title, then) =>
  canScan()
    ? html`<button type="button" class="quiet" aria-label=${title} @click=${async () => {
        const text = await scanCode(title);
        if (text) then(text);
      }}>Scan</button>`
    : "";
