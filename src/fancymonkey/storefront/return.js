/** Where a buyer arrives from the till: what became of the order, or the pieces given back. */

import * as fm from './fancymonkey.js';
import { el, find, nameOf } from './page.js';

const LOOKS = 40;
const asked = new URLSearchParams(location.search);

function write(title, words, lines = []) {
  find('title').textContent = title;
  find('words').textContent = words;
  find('lines').replaceChildren(...lines.map((line) => el('li', {},
    `${line.quantity} × ${nameOf(fm.stock, line.productId)}, ${line.size}`)));
}

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

function forget() {
  fm.forget();
  try { localStorage.removeItem('fancymonkey:basket'); } catch { /* a private window */ }
}

function paid(found) {
  forget();
  if (found.status !== 'captured') {
    write('Your money is on its way back', 'Your payment came after your hold had ended, and your pieces had gone to others. All of it goes back to you; there is nothing you need to do.');
  } else if (found.late) {
    write('Thank you, we will be in touch', 'Your payment came after your hold had ended. We have it, and we are looking whether your pieces are still there. If they are not, you hear from us.', found.reservation.lines);
  } else {
    write('Thank you', 'It is paid, and these are yours:', found.reservation.lines);
  }
  document.body.dataset.done = found.status === 'captured' ? 'paid' : 'refunded';
}

/** Asks until the payment's message has reached the shop; says what is known meanwhile. */
async function success() {
  const id = asked.get('session_id');
  if (!id) { write('Thank you', 'This page has lost which order it is about. If you have paid, it is on its way.'); return; }
  for (let look = 0; look < LOOKS; look += 1) {
    try {
      const found = await fm.status(id);
      if (found.status === 'captured' || found.paid) { paid(found); return; }
      if (found.status === 'held') {
        write('Thank you', 'Your payment is on its way to us. Your pieces stay held for you until it is here; you may leave this page.', found.reservation.lines);
      } else {
        write('One moment', 'Your hold has ended and we have not heard of a payment yet. If you have paid, we will, and it counts.');
      }
    } catch (error) {
      if (error.status === 404) { write('Hm', 'We do not know this order. If you have paid, your bank statement names the shop: write to us.'); return; }
      write('Thank you', 'We cannot reach the shop right now. If you have paid, nothing is lost.');
    }
    await sleep(Math.min(500 * 1.2 ** look, 5000));
  }
}

/** Gives the pieces back at once, unless they have been paid for after all. */
async function cancel() {
  const id = asked.get('hold') ?? fm.held()?.id;
  if (!id) { write('Nothing was paid', 'And nothing is held for you.'); return; }
  try {
    const found = await fm.status(id);
    if (found.status === 'captured' || found.paid) { paid(found); return; }
    const lines = found.reservation.lines;
    if (found.status === 'held') await fm.release(id);
    else fm.forget();
    write('Nothing was paid', 'Your pieces are back on the shelf. They are still in your basket, should you want them after all:', lines);
    document.body.dataset.done = 'released';
  } catch (error) {
    if (error.status) { fm.forget(); write('Nothing was paid', 'And nothing is held for you any more.'); return; }
    write('Nothing was paid', 'We cannot reach the shop right now. What is held for you goes back by itself when its time is up.');
  }
}

fm.about().then((about) => { find('demo').hidden = !about.demo; }).catch(() => {});
if (document.body.dataset.page === 'success') success();
else cancel();
