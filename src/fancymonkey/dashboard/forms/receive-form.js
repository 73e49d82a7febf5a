// The form that receives a transfer: accepted and rejected units of each size, with big buttons.

import { html, nothing } from "/admin/lib/lit.js";
import { askWhyMore } from "/admin/forms/transfer-dialogs.js";
import { number, plural } from "/admin/lib/format.js";
import { sizeOf, skuOf } from "/admin/components/responsive-table.js";

const MOST = 1_000_000_000;

/** The typed units of one transfer. `send(path, body)` returns the answer, or null after an error. */
export class ReceiveForm {
  #units = new Map(); // by SKU: accepted, rejected, rejectedTo
  #seen = null; // the version that the typed units belong to
  #id = null;

  constructor(draw, send) {
    Object.assign(this, { redraw: draw, send });
  }

  /** Forgets the typed units. */
  clear() {
    this.#units = new Map();
    this.#seen = null;
    this.redraw();
  }

  #of(line) {
    return this.#units.get(skuOf(line)) ?? { accepted: 0, rejected: 0, rejectedTo: "damaged" };
  }

  #set(transfer, line, some) {
    this.#seen ??= transfer.version;
    this.#units.set(skuOf(line), { ...this.#of(line), ...some });
    this.redraw();
  }

  #all(transfer) {
    for (const line of transfer.lines) this.#set(transfer, line, { accepted: line.inTransit, rejected: 0 });
  }

  async #receive(transfer) {
    const lines = transfer.lines
      .map((line) => ({ productId: line.productId, size: line.size, ...this.#of(line) }))
      .filter((line) => line.accepted || line.rejected);
    const body = { id: transfer.id, version: this.#seen ?? transfer.version, lines };
    const more = transfer.lines.reduce((sum, line) => sum + Math.max(0, this.#of(line).accepted + this.#of(line).rejected - line.inTransit), 0);
    if (more) {
      body.reason = await askWhyMore(`${plural(more, "unit")} more than were sent. The difference is recorded as found.`);
      if (!body.reason) return;
    }
    if (await this.send("/receive", body)) this.clear();
  }

  #count(transfer, line, field, words) {
    const units = this.#of(line)[field];
    const label = `${words} of ${sizeOf(line)}`;
    const set = (value) => this.#set(transfer, line, { [field]: Math.min(MOST, Math.max(0, Math.trunc(Number(value)) || 0)) });
    return html`<div class="field"><span aria-hidden="true">${words}</span>
      <div class="count">
        <button type="button" class="quiet" aria-label="One fewer ${label}" ?disabled=${!units} @click=${() => set(units - 1)}>−</button>
        <input type="number" inputmode="numeric" min="0" max=${MOST} aria-label=${label} .value=${String(units)} @change=${(event) => set(event.target.value)} @focus=${(event) => event.target.select()} />
        <button type="button" class="quiet" aria-label="One more ${label}" @click=${() => set(units + 1)}>+</button>
      </div></div>`;
  }

  #line(transfer, line) {
    const { rejected, rejectedTo } = this.#of(line);
    return html`<li>
      <b>${sizeOf(line)}</b>
      <p>${number(line.inTransit)} on the way${line.accepted || line.rejected ? `, ${number(line.accepted)} accepted and ${number(line.rejected)} rejected so far` : ""}</p>
      <div class="counts">${this.#count(transfer, line, "accepted", "Accept")}${this.#count(transfer, line, "rejected", "Reject")}</div>
      ${rejected ? html`<label class="field">Rejected units<select aria-label="Where rejected units of ${sizeOf(line)} go" @change=${(event) => this.#set(transfer, line, { rejectedTo: event.target.value })}>
        <option value="damaged" ?selected=${rejectedTo === "damaged"}>are damaged, and stay here</option>
        <option value="quarantine" ?selected=${rejectedTo === "quarantine"}>go into quarantine here</option>
        <option value="back" ?selected=${rejectedTo === "back"}>go back to ${transfer.fromName}</option>
      </select></label>` : nothing}
    </li>`;
  }

  /** The form of a transfer in transit. */
  draw(transfer) {
    if (this.#id !== transfer.id) {
      this.#id = transfer.id;
      this.#units = new Map();
      this.#seen = null;
    }
    const units = [...this.#units.values()].reduce((sum, line) => sum + line.accepted + line.rejected, 0);
    const changed = this.#seen !== null && this.#seen !== transfer.version;
    return html`<form aria-label="Receive" @submit=${(event) => { event.preventDefault(); this.#receive(transfer); }}>
      ${changed ? html`<div class="banner" role="alert"><span>This transfer has changed since you began. Check what was received, and count again.</span><button type="button" class="button" @click=${() => this.clear()}>Start again</button></div>` : nothing}
      <div class="steps"><button type="button" class="quiet" @click=${() => this.#all(transfer)}>All arrived</button></div>
      <ul class="sizes">${transfer.lines.map((line) => this.#line(transfer, line))}</ul>
      <div class="steps"><button class="button" ?disabled=${!units || changed}>Receive ${plural(units, "unit")}</button></div>
    </form>`;
  }
}
