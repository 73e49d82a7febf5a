/** The page after the checkout: the status of the order, or the release of the hold. */

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

/** Empties the basket and removes its hold, unless the buyer has another one by now. */
function forget({ id }, replace = true) {
  const other = fm.held();
  if (other && other.id !== id) return;
  fm.forget({ replace });
  try { localStorage.removeItem('fancymonkey:basket'); } catch { /* a private window */ }
}

function paid(status) {
  forget(status.reservation);
  if (status.status !== 'captured') {
    write('Your payment is being refunded', 'Your payment arrived after your hold had ended, and your pieces were sold to others. You get a full refund. There is nothing you need to do.');
  } else if (status.late) {
    write('Thank you, we will be in touch', 'Your payment arrived after your hold had ended. We are checking whether your pieces are still available and will contact you if they are not.', status.reservation.lines);
  } else {
    write('Thank you', 'Your payment is confirmed. Your order:', status.reservation.lines);
  }
  document.body.dataset.done = status.status === 'captured' ? 'paid' : 'refunded';
}

/** Polls until the shop has received the payment event; shows the current status until then. */
async function success() {
  const id = asked.get('session_id');
  if (!id) { write('Thank you', 'This link has no order number. If you have paid, your order is on its way.'); return; }
  for (let look = 0; look < LOOKS; look += 1) {
    try {
      const status = await fm.status(id);
      if (status.status === 'captured' || status.paid) { paid(status); return; }
      if (status.status === 'held') {
        if (status.paymentPending && fm.held()) forget(status.reservation, false);
        write('Thank you', 'We are waiting for the confirmation of your payment. Your pieces stay held for you. You can leave this page.', status.reservation.lines);
      } else {
        write('One moment', 'Your hold has ended and we have not received a payment yet. If you have paid, we will receive it and contact you.');
      }
    } catch (error) {
      if (error.status === 404) { write('Order not found', 'We could not find this order. If you have paid, please contact us with the details on your bank statement.'); return; }
      write('Thank you', 'We can’t reach the shop right now. If you have paid, your order is safe.');
    }
    await sleep(Math.min(500 * 1.2 ** look, 5000));
  }
}

/** Releases the hold, unless it has been paid after all. */
async function cancel() {
  const id = asked.get('hold') ?? fm.held()?.id;
  if (!id) { write('Nothing was paid', 'Nothing is held for you.'); return; }
  try {
    const status = await fm.status(id);
    if (status.status === 'captured' || status.paid) { paid(status); return; }
    const lines = status.reservation.lines;
    if (status.status === 'held') await fm.release(id);
    else fm.forget({ id: status.reservation.id });
    write('Nothing was paid', 'Your pieces are no longer held. They are still in your basket:', lines);
    document.body.dataset.done = 'released';
  } catch (error) {
    if (error.status === 404) { fm.forget({ id }); write('Nothing was paid', 'Nothing is held for you any more.'); return; }
    if (error.code === 'payment_pending') { write('Your payment is in progress', error.message); return; }
    write('Nothing was paid', 'We can’t reach the shop right now. Your hold ends automatically.');
  }
}

fm.about().then((about) => { find('demo').hidden = !about.demo; }).catch(() => {});
if (document.body.dataset.page === 'success') success();
else cancel();
