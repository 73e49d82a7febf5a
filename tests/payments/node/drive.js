// Drives the fake Stripe with Stripe's library for Node, and prints the results.
import Stripe from 'stripe';

const { URL: base, KEY, WHSEC } = process.env;
const { hostname, port } = new URL(base);
const options = { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false };
const stripe = new Stripe(KEY, options);

const now = Math.floor(Date.now() / 1000);
const request = (more = {}) => ({
  mode: 'payment',
  success_url: 'http://shop.example/ok?session_id={CHECKOUT_SESSION_ID}',
  expires_at: now + 1860,
  client_reference_id: 'res_1',
  metadata: { reservationId: 'res_1' },
  line_items: [
    {
      quantity: 2,
      price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Two of them' } },
    },
  ],
  ...more,
});

async function error(work) {
  try {
    await work();
  } catch (found) {
    return found;
  }
  throw new Error('this should have been refused');
}

async function act(id, action) {
  const answer = await fetch(`${base}/demo/sessions/${id}/${action}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}` },
  });
  if (!answer.ok) throw new Error(`${action}: ${answer.status}`);
}

const sessions = stripe.checkout.sessions;
const first = await sessions.create(request(), { idempotencyKey: 'one' });
const again = await sessions.create(request(), { idempotencyKey: 'one' });
const other = await error(() =>
  sessions.create(request({ client_reference_id: 'x' }), { idempotencyKey: 'one' }),
);
await act(first.id, 'pay');
const paid = await sessions.retrieve(first.id, { expand: ['line_items'] });
const second = await sessions.create(request());
const ended = await sessions.expire(second.id);
const missing = await error(() => sessions.retrieve('cs_test_nothing'));
const early = await error(() => sessions.create(request({ expires_at: now + 60 })));
const stranger = new Stripe('sk_test_other', options);
const wrongKey = await error(() => stranger.checkout.sessions.list());
const refund = await stripe.refunds.create({ payment_intent: paid.payment_intent });
const twice = await error(() => stripe.refunds.create({ payment_intent: paid.payment_intent }));
for (let number = 0; number < 10; number += 1) await sessions.create(request());
const listed = await sessions.list({ limit: 5 }).autoPagingToArray({ limit: 100 });
const types = ['checkout.session.completed', 'checkout.session.expired'];
const events = await stripe.events.list({ types });

// The library accepts signatures of the fake Stripe, and the other way round.
const payload = JSON.stringify(events.data.find((event) => event.type === types[0]), null, 2);
const header = stripe.webhooks.generateTestHeaderString({ payload, secret: WHSEC });
const event = stripe.webhooks.constructEvent(payload, header, WHSEC);

console.log(
  JSON.stringify({
    statuses: [first.status, paid.status, ended.status],
    payment: paid.payment_status,
    line: [
      paid.line_items.data[0].description,
      paid.line_items.data[0].quantity,
      paid.line_items.data[0].amount_total,
    ],
    same: first.id === again.id,
    refused: [other.type, other.statusCode],
    missing: [missing.code, missing.statusCode],
    early: [early.type, early.param],
    wrongKey: wrongKey.type,
    refund: [refund.status, refund.amount],
    twice: twice.code,
    listed: listed.length,
    types: events.data.map((event) => event.type).sort(),
    checked: [event.type, event.data.object.id === first.id],
  }),
);
