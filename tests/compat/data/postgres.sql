--
-- PostgreSQL database dump
--

\restrict U46sFKwW0PM6BD69PQMCOA0uJ8NofHp4hMaIZ5TeAvXkI23svmzx12DWOFziyU4

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: checkout; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.checkout (
    reservation_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    stage text NOT NULL,
    ends_at bigint NOT NULL,
    request text NOT NULL,
    payment_session text,
    CONSTRAINT checkout_number_check CHECK ((number > 0)),
    CONSTRAINT checkout_stage_check CHECK ((stage = ANY (ARRAY['opening'::text, 'open'::text, 'closed'::text])))
);


--
-- Name: cursor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cursor (
    name text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    CONSTRAINT cursor_revision_check CHECK ((revision >= 0))
)
WITH (fillfactor='50');


--
-- Name: document; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.document (
    folder text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    until bigint,
    CONSTRAINT document_version_check CHECK ((version > 0))
);


--
-- Name: entry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.entry (
    revision bigint NOT NULL,
    at bigint NOT NULL,
    kind text NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    location text NOT NULL COLLATE pg_catalog."C",
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL,
    allocated bigint NOT NULL,
    incoming bigint NOT NULL,
    backordered bigint NOT NULL,
    short bigint NOT NULL,
    on_hand_after bigint NOT NULL,
    reserved_after bigint NOT NULL,
    reservation_id text,
    until bigint,
    actor text NOT NULL,
    reason text NOT NULL,
    cause text NOT NULL,
    CONSTRAINT entry_on_hand_after_check CHECK ((on_hand_after >= 0)),
    CONSTRAINT entry_reserved_after_check CHECK ((reserved_after >= 0)),
    CONSTRAINT entry_revision_check CHECK ((revision > 0))
);


--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    event_id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    object_id text NOT NULL,
    received_at bigint NOT NULL,
    outcome text NOT NULL
);


--
-- Name: head; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.head (
    one boolean DEFAULT true NOT NULL,
    revision bigint NOT NULL,
    schema bigint NOT NULL,
    CONSTRAINT head_one_check CHECK (one),
    CONSTRAINT head_revision_check CHECK ((revision >= 0))
)
WITH (fillfactor='10');


--
-- Name: TABLE head; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.head IS 'The number of the latest entry and of the latest migration. Its row is the lock of every writer.';


--
-- Name: inventory; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.inventory AS
SELECT
    NULL::text COLLATE pg_catalog."C" AS product_id,
    NULL::text AS size,
    NULL::bigint AS stock,
    NULL::bigint AS reserved,
    NULL::bigint AS low_stock_threshold,
    NULL::boolean AS sold_out,
    NULL::text AS restock_date,
    NULL::timestamp with time zone AS last_updated,
    NULL::bigint AS available;


--
-- Name: item; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.item (
    sku text NOT NULL COLLATE pg_catalog."C",
    product_id text NOT NULL COLLATE pg_catalog."C",
    size text NOT NULL,
    "position" bigint NOT NULL,
    sku_id text,
    price_id text,
    low_stock_threshold bigint NOT NULL,
    sold_out boolean NOT NULL,
    archived boolean NOT NULL,
    extra text NOT NULL,
    CONSTRAINT item_check CHECK ((sku = ((product_id || '/'::text) || size)))
);


--
-- Name: level; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.level (
    sku text NOT NULL COLLATE pg_catalog."C",
    location text NOT NULL COLLATE pg_catalog."C",
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL,
    allocated bigint NOT NULL,
    incoming bigint NOT NULL,
    backordered bigint NOT NULL,
    short bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT level_allocated_check CHECK ((allocated >= 0)),
    CONSTRAINT level_backordered_check CHECK ((backordered >= 0)),
    CONSTRAINT level_incoming_check CHECK ((incoming >= 0)),
    CONSTRAINT level_on_hand_check CHECK ((on_hand >= 0)),
    CONSTRAINT level_reserved_check CHECK ((reserved >= 0)),
    CONSTRAINT never_oversold CHECK ((short = GREATEST((0)::bigint, ((reserved + allocated) - on_hand))))
)
WITH (fillfactor='50');


--
-- Name: matter; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.matter (
    matter_id text NOT NULL COLLATE pg_catalog."C",
    concern text NOT NULL,
    progress text NOT NULL,
    reservation_id text,
    payment text NOT NULL,
    lines text NOT NULL,
    opened_at bigint NOT NULL,
    closed_at bigint,
    note text NOT NULL,
    CONSTRAINT matter_progress_check CHECK ((progress = ANY (ARRAY['open'::text, 'due'::text, 'done'::text, 'dismissed'::text])))
);


--
-- Name: migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at bigint NOT NULL
);


--
-- Name: outcome; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outcome (
    command_id text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL,
    at bigint NOT NULL,
    answer text NOT NULL
);


--
-- Name: product; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.product (
    product_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    category text NOT NULL,
    price text,
    "position" bigint NOT NULL,
    restock_date text,
    archived boolean NOT NULL,
    updated_at bigint NOT NULL,
    extra text NOT NULL,
    CONSTRAINT product_price_check CHECK (((price)::numeric >= (0)::numeric))
);


--
-- Name: reservation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reservation (
    reservation_id text NOT NULL COLLATE pg_catalog."C",
    session_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    lines text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    ended_at bigint,
    payment_id text,
    late boolean NOT NULL,
    CONSTRAINT reservation_check CHECK (((status = 'held'::text) = (ended_at IS NULL))),
    CONSTRAINT reservation_status_check CHECK ((status = ANY (ARRAY['held'::text, 'captured'::text, 'released'::text, 'expired'::text])))
);


--
-- Name: run; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.run (
    job text NOT NULL COLLATE pg_catalog."C",
    started_at bigint NOT NULL,
    took bigint NOT NULL,
    outcome text NOT NULL,
    report text NOT NULL,
    CONSTRAINT run_took_check CHECK ((took >= 0))
);


--
-- Name: session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session (
    session_id text NOT NULL COLLATE pg_catalog."C",
    reservation_id text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: turned_away; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.turned_away (
    sku text NOT NULL COLLATE pg_catalog."C",
    hour bigint NOT NULL,
    requests bigint NOT NULL,
    units bigint NOT NULL,
    CONSTRAINT turned_away_requests_check CHECK ((requests >= 0)),
    CONSTRAINT turned_away_units_check CHECK ((units >= 0))
);


--
-- Data for Name: checkout; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.checkout VALUES ('res_01a22a4a654d7b2dcc0392c4baa1b8f5645d', 1, 'open', 1796007708000, '{"mode": "payment", "client_reference_id": "res_01a22a4a654d7b2dcc0392c4baa1b8f5645d", "metadata": {"reservationId": "res_01a22a4a654d7b2dcc0392c4baa1b8f5645d", "sessionId": "buyer-7", "checkout": "1"}, "payment_intent_data": {"metadata": {"reservationId": "res_01a22a4a654d7b2dcc0392c4baa1b8f5645d", "sessionId": "buyer-7", "checkout": "1"}}, "expires_at": 1796007708, "line_items": [{"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 2000, "product_data": {"name": "TEE (L)"}}}], "success_url": "http://127.0.0.1:58101/success.html?session_id={CHECKOUT_SESSION_ID}", "cancel_url": "http://127.0.0.1:58101/cancel.html?hold=res_01a22a4a654d7b2dcc0392c4baa1b8f5645d"}', 'cs_test_be3a9fa4f344acf1da300acf');


--
-- Data for Name: cursor; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: document; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.document VALUES ('bands', 'tee/M', 1, 1796005843865, '{"band":"fine","told":null}', NULL);
INSERT INTO public.document VALUES ('bands', 'tee/L', 1, 1796005843865, '{"band":"low","told":5}', NULL);
INSERT INTO public.document VALUES ('bands', 'cap/OS', 1, 1796005843865, '{"band":"fine","told":null}', NULL);
INSERT INTO public.document VALUES ('bands', 'bag/OS', 1, 1796005843865, '{"band":"fine","told":null}', NULL);
INSERT INTO public.document VALUES ('acts', 'act_e5dd5b5ac38fffffffff840d242b7', 1, 1796005843911, '{"at":1796005843911,"actor":"admin","action":"update","reason":"count","changed":1,"parts":1,"revision":8,"undoable":true,"products":false,"undone_by":null,"undoes":null}', 1803781843911);
INSERT INTO public.document VALUES ('act_rows', 'act_e5dd5b5ac38fffffffff840d242b7/00000', 1, 1796005843911, '[{"key":"tee/M","stock":4,"fields":{},"holds":0}]', 1803781843911);
INSERT INTO public.document VALUES ('audit', '998203994156084-0964d29c', 1, 1796005843916, '{"act_id":"998203994156084-0964d29c","at":1796005843916,"actor":"admin","address":"127.0.0.1","what":"POST /api/inventory/update","status":200,"about":"1 size changed, 0 refused"}', 1859077843916);
INSERT INTO public.document VALUES ('acts', 'act_e5dd5b5ac30fffffffff755618141', 1, 1796005843919, '{"at":1796005843919,"actor":"admin","action":"update","reason":"received","changed":1,"parts":1,"revision":9,"undoable":true,"products":false,"undone_by":null,"undoes":null}', 1803781843919);
INSERT INTO public.document VALUES ('act_rows', 'act_e5dd5b5ac30fffffffff755618141/00000', 1, 1796005843919, '[{"key":"bag/OS","stock":4,"fields":{},"holds":0}]', 1803781843919);
INSERT INTO public.document VALUES ('audit', '998203994156080-59e1e27a', 1, 1796005843920, '{"act_id":"998203994156080-59e1e27a","at":1796005843920,"actor":"admin","address":"127.0.0.1","what":"POST /api/inventory/update","status":200,"about":"1 size changed, 0 refused"}', 1859077843920);
INSERT INTO public.document VALUES ('secret', 'sources', 1, 1796005843924, '3f3f8e0220fb2115722698fc1d64a0b4176c49346677c2de2cab73d2acd2209f', NULL);
INSERT INTO public.document VALUES ('refunds', 'pi_1', 1, 1796005843954, '["whole"]', NULL);
INSERT INTO public.document VALUES ('acts', 'act_e5dd5b5ac02ffffffffed850059b5', 1, 1796005843965, '{"at":1796005843965,"actor":"admin","action":"update","reason":"received","changed":1,"parts":1,"revision":19,"undoable":true,"products":false,"undone_by":null,"undoes":null}', 1803781843965);
INSERT INTO public.document VALUES ('act_rows', 'act_e5dd5b5ac02ffffffffed850059b5/00000', 1, 1796005843965, '[{"key":"cap/OS","stock":2,"fields":{},"holds":0}]', 1803781843965);
INSERT INTO public.document VALUES ('audit', '998203994156031-9032fc71', 1, 1796005843969, '{"act_id":"998203994156031-9032fc71","at":1796005843969,"actor":"admin","address":"127.0.0.1","what":"POST /api/inventory/update","status":200,"about":"1 size changed, 0 refused"}', 1859077843969);
INSERT INTO public.document VALUES ('users', 'owner', 1, 1796005844105, '{"name":"owner","role":"owner","password":"$argon2id$v=19$m=65536,t=3,p=4$YnPNb4zLHsPerQXytFdbBg$kzFEhUExIIQmGCkglgpThdW56Dve37ybVnUao21XGEM","created_at":1796005844105,"stamp":193613833951119,"factor":null,"asked":null,"step":0,"codes":[]}', NULL);
INSERT INTO public.document VALUES ('users', 'maria', 1, 1796005844234, '{"name":"maria","role":"staff","password":"$argon2id$v=19$m=65536,t=3,p=4$0s9TgtZ/YgJiVYgqJXQ1oA$b0MQTO1a8EttabjpMtdtXyFbq64EuQow2JAmM9YI0ko","created_at":1796005844234,"stamp":5243507459669,"factor":null,"asked":null,"step":0,"codes":[]}', NULL);
INSERT INTO public.document VALUES ('audit', '998203994155764-bacdca92', 1, 1796005844236, '{"act_id":"998203994155764-bacdca92","at":1796005844236,"actor":"admin","address":"127.0.0.1","what":"POST /api/admin/users/add","status":200,"about":"maria: role staff"}', 1859077844236);
INSERT INTO public.document VALUES ('sessions', 'aa5bd1a9388367fb7646cd9b1d7ef4ea', 1, 1796005844504, '{"session_id":"aa5bd1a9388367fb7646cd9b1d7ef4ea","user":"owner","stamp":193613833951119,"csrf":"_9bkwYiEisg2_qcFmWDy4aQy-dASXjEn","turn":1,"created_at":1796005844503,"renewed_at":1796005844503,"ends_at":1796049044503,"address":"127.0.0.1","agent":"python-httpx/0.28.1"}', 1796049044503);
INSERT INTO public.document VALUES ('accounts', 'keys', 1, 1796005844506, '[{"kid":"5fed9e9515944f72","secret":"hWQ8hUT654IeDYiTZJGLoWcPbhkSjTQTTY6xpwwVpxM=","made_at":1796005844506}]', NULL);
INSERT INTO public.document VALUES ('audit', '998203994155492-e918456e', 1, 1796005844508, '{"act_id":"998203994155492-e918456e","at":1796005844508,"actor":"owner","address":"127.0.0.1","what":"POST /api/admin/login","status":200,"about":""}', 1859077844508);
INSERT INTO public.document VALUES ('api-keys', 'f3ccaa7e86c0', 1, 1796005844513, '{"key_id":"f3ccaa7e86c0","label":"scanner","right":"read","secret":"49474768ceaa086764dfaecddac82799d01b04240db239bd7e8a3f244e5965c9","made_by":"owner","created_at":1796005844513,"ends_at":null,"used_at":null}', NULL);
INSERT INTO public.document VALUES ('audit', '998203994155486-8335aa8d', 1, 1796005844514, '{"act_id":"998203994155486-8335aa8d","at":1796005844514,"actor":"owner","address":"127.0.0.1","what":"POST /api/admin/keys/make","status":200,"about":"f3ccaa7e86c0 scanner: right read"}', 1859077844514);
INSERT INTO public.document VALUES ('webhooks', 'whk_25e974e29790c697', 1, 1796005844518, '{"url":"https://hooks.example.com/stock","events":["stock.low","stock.out"],"description":"till","secrets":[{"text":"whsec_9b1b0c12632aa45009dac546bed626fead780c6a88f38c48","ends_at":null}],"created_at":1796005844518,"active":true,"failing_since":null,"off_because":""}', NULL);
INSERT INTO public.document VALUES ('audit', '998203994155482-bbe8c913', 1, 1796005844519, '{"act_id":"998203994155482-bbe8c913","at":1796005844518,"actor":"admin","address":"127.0.0.1","what":"POST /api/admin/webhooks","status":200,"about":"whk_25e974e29790c697"}', 1859077844518);
INSERT INTO public.document VALUES ('acts', 'act_e5dd5b5a9d6ffffffffecc6260497', 1, 1796005844521, '{"at":1796005844521,"actor":"admin","action":"product","reason":"","changed":2,"parts":1,"revision":21,"undoable":true,"products":true,"undone_by":null,"undoes":null}', 1803781844521);
INSERT INTO public.document VALUES ('act_rows', 'act_e5dd5b5a9d6ffffffffecc6260497/00000', 1, 1796005844521, '[{"key":"mug/OS","stock":6,"fields":{"archived":[true,false]},"holds":0},{"key":"mug","stock":0,"fields":{"archived":[true,false]},"holds":0}]', 1803781844521);
INSERT INTO public.document VALUES ('audit', '998203994155476-fa8567c9', 1, 1796005844524, '{"act_id":"998203994155476-fa8567c9","at":1796005844524,"actor":"admin","address":"127.0.0.1","what":"POST /api/admin/products","status":200,"about":"mug"}', 1859077844524);
INSERT INTO public.document VALUES ('audit', '998203994155473-2ecb3b50', 1, 1796005844527, '{"act_id":"998203994155473-2ecb3b50","at":1796005844527,"actor":"admin","address":"127.0.0.1","what":"POST /api/admin/products/archive","status":409,"about":""}', 1859077844527);
INSERT INTO public.document VALUES ('audit', '998203994155471-472b2926', 1, 1796005844529, '{"act_id":"998203994155471-472b2926","at":1796005844529,"actor":"admin","address":"127.0.0.1","what":"POST /api/admin/products/archive","status":200,"about":"bag"}', 1859077844529);
INSERT INTO public.document VALUES ('leases', 'runner', 4, 1796005850145, '{"name":""}', NULL);
INSERT INTO public.document VALUES ('bands', 'mug/OS', 1, 1796005844889, '{"band":"fine","told":null}', NULL);
INSERT INTO public.document VALUES ('alerts', 'seen', 3, 1796005848357, '{"revision":21,"since":1796005843865,"at":1796005848357,"failing":[],"failed":{},"troubles":[],"left":{}}', NULL);
INSERT INTO public.document VALUES ('happenings', 'evt_e5dd5b5ac0d300aea347511fe', 1, 1796005848357, '{"id":"evt_e5dd5b5ac0d300aea347511fe","type":"matter.opened","at":1796005843954,"title":"Refunded: 3 × TEE M","text":"Money was given back: say whether units come back. It is about 3 × TEE M. Decide it under Payments.","data":{"matterId":"refunded:res_01a22a4a53dcf033b1fb6291a1c50300440b","concern":"refunded","progress":"open","payment":"pi_1","lines":[{"sku":"tee/M","quantity":3}]}}', 1798597848357);


--
-- Data for Name: entry; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.entry VALUES (1, 1796005842449, 'added', 'tee', 'main', 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (2, 1796005842449, 'added', 'tee/M', 'main', 20, 0, 0, 0, 0, 0, 20, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (3, 1796005842449, 'added', 'tee/L', 'main', 5, 0, 0, 0, 0, 0, 5, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (4, 1796005842449, 'added', 'cap', 'main', 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (5, 1796005842449, 'added', 'cap/OS', 'main', 3, 0, 0, 0, 0, 0, 3, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (6, 1796005842449, 'added', 'bag', 'main', 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (7, 1796005842449, 'added', 'bag/OS', 'main', 8, 0, 0, 0, 0, 0, 8, 0, NULL, NULL, 'file', '', 'products.json');
INSERT INTO public.entry VALUES (8, 1796005843911, 'counted', 'tee/M', 'main', 4, 0, 0, 0, 0, 0, 24, 0, NULL, NULL, 'admin', 'count', 'act_e5dd5b5ac38fffffffff840d242b7');
INSERT INTO public.entry VALUES (9, 1796005843919, 'adjusted', 'bag/OS', 'main', 4, 0, 0, 0, 0, 0, 12, 0, NULL, NULL, 'admin', 'received', 'act_e5dd5b5ac30fffffffff755618141');
INSERT INTO public.entry VALUES (10, 1796005843926, 'reserved', 'tee/M', 'main', 0, 2, 0, 0, 0, 0, 24, 2, 'res_01a22a4a53d34dcc3de5d97314ebe97f38b4', 1796007643926, 'buyer', '', '');
INSERT INTO public.entry VALUES (11, 1796005843930, 'reserved', 'tee/L', 'main', 0, 1, 0, 0, 0, 0, 5, 1, 'res_01a22a4a53da7c2718d851dfac5e0980ce1d', 1796007643930, 'buyer', '', '');
INSERT INTO public.entry VALUES (12, 1796005843930, 'reserved', 'cap/OS', 'main', 0, 1, 0, 0, 0, 0, 3, 1, 'res_01a22a4a53da7c2718d851dfac5e0980ce1d', 1796007643930, 'buyer', '', '');
INSERT INTO public.entry VALUES (13, 1796005843932, 'reserved', 'tee/M', 'main', 0, 3, 0, 0, 0, 0, 24, 5, 'res_01a22a4a53dcf033b1fb6291a1c50300440b', 1796007643932, 'buyer', '', '');
INSERT INTO public.entry VALUES (14, 1796005843934, 'reserved', 'bag/OS', 'main', 0, 2, 0, 0, 0, 0, 12, 2, 'res_01a22a4a53defbcb373bb481001248401439', 1796007643934, 'buyer', '', '');
INSERT INTO public.entry VALUES (15, 1796005843937, 'reserved', 'bag/OS', 'main', 0, 1, 0, 0, 0, 0, 12, 3, 'res_01a22a4a53e1946158d60949f635d6eba6f9', 1796007643937, 'buyer', '', '');
INSERT INTO public.entry VALUES (16, 1796005843940, 'captured', 'tee/M', 'main', -3, -3, 0, 0, 0, 0, 21, 2, 'res_01a22a4a53dcf033b1fb6291a1c50300440b', 1796007643932, 'stripe', '', 'evt_1');
INSERT INTO public.entry VALUES (17, 1796005843948, 'extended', 'bag/OS', 'main', 0, 0, 0, 0, 0, 0, 12, 3, 'res_01a22a4a53defbcb373bb481001248401439', 1796610643947, 'stripe', '', 'evt_2');
INSERT INTO public.entry VALUES (18, 1796005843959, 'released', 'bag/OS', 'main', 0, -1, 0, 0, 0, 0, 12, 2, 'res_01a22a4a53e1946158d60949f635d6eba6f9', 1796007643937, 'buyer', '', '');
INSERT INTO public.entry VALUES (19, 1796005843965, 'adjusted', 'cap/OS', 'main', 2, 0, 0, 0, 0, 0, 5, 1, NULL, NULL, 'admin', 'received', 'act_e5dd5b5ac02ffffffffed850059b5');
INSERT INTO public.entry VALUES (20, 1796005844521, 'added', 'mug', 'main', 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'admin', '', 'act_e5dd5b5a9d6ffffffffecc6260497');
INSERT INTO public.entry VALUES (21, 1796005844521, 'added', 'mug/OS', 'main', 6, 0, 0, 0, 0, 0, 6, 0, NULL, NULL, 'admin', '', 'act_e5dd5b5a9d6ffffffffecc6260497');
INSERT INTO public.entry VALUES (22, 1796005848401, 'reserved', 'tee/L', 'main', 0, 1, 0, 0, 0, 0, 5, 2, 'res_01a22a4a654d7b2dcc0392c4baa1b8f5645d', 1796007648401, 'buyer', '', '');
INSERT INTO public.entry VALUES (23, 1796005848401, 'extended', 'tee/L', 'main', 0, 0, 0, 0, 0, 0, 5, 2, 'res_01a22a4a654d7b2dcc0392c4baa1b8f5645d', 1796008008000, 'buyer', '', '');


--
-- Data for Name: event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.event VALUES ('evt_1', 'checkout.session.completed', 'cs_1', 1796005843940, 'done');
INSERT INTO public.event VALUES ('evt_2', 'checkout.session.completed', 'cs_2', 1796005843948, 'no change');
INSERT INTO public.event VALUES ('evt_3', 'charge.refunded', 'ch_1', 1796005843954, 'return proposed');


--
-- Data for Name: head; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.head VALUES (true, 23, 3);


--
-- Data for Name: item; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.item VALUES ('bag/OS', 'bag', 'OS', 0, NULL, NULL, 2, false, false, '{"stock":null,"lowStockThreshold":null}');
INSERT INTO public.item VALUES ('cap/OS', 'cap', 'OS', 0, NULL, NULL, 1, false, false, '{"stock":null,"lowStockThreshold":null}');
INSERT INTO public.item VALUES ('tee/L', 'tee', 'L', 1, NULL, NULL, 5, false, false, '{"stock":null,"lowStockThreshold":null}');
INSERT INTO public.item VALUES ('tee/M', 'tee', 'M', 0, NULL, NULL, 5, false, false, '{"stock":null,"lowStockThreshold":null,"stripePriceId":"price_tee_m"}');
INSERT INTO public.item VALUES ('mug/OS', 'mug', 'OS', 0, NULL, NULL, 5, false, false, '{}');


--
-- Data for Name: level; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.level VALUES ('tee/M', 'main', 21, 2, 0, 0, 0, 0, 1796005843940);
INSERT INTO public.level VALUES ('bag/OS', 'main', 12, 2, 0, 0, 0, 0, 1796005843959);
INSERT INTO public.level VALUES ('cap/OS', 'main', 5, 1, 0, 0, 0, 0, 1796005843965);
INSERT INTO public.level VALUES ('mug/OS', 'main', 6, 0, 0, 0, 0, 0, 1796005844521);
INSERT INTO public.level VALUES ('tee/L', 'main', 5, 2, 0, 0, 0, 0, 1796005848401);


--
-- Data for Name: matter; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.matter VALUES ('refunded:res_01a22a4a53dcf033b1fb6291a1c50300440b', 'refunded', 'open', 'res_01a22a4a53dcf033b1fb6291a1c50300440b', 'pi_1', '[["tee/M",3,"main"]]', 1796005843954, NULL, 'ch_1');


--
-- Data for Name: migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.migration VALUES (1, 'initial', 'a3cb2bb2f6a5db9d6db6adc6e06aafb2eec3416950bac33fc2ea4cd261986e67', 1796005842505);
INSERT INTO public.migration VALUES (2, 'payments', '6b1c7efa68fec48ba035b347ebff8ff01e81690bd34bae38161f3b8f2c03e937', 1796005842505);
INSERT INTO public.migration VALUES (3, 'documents', '7d747def611a06af75feb81392671d1c11d0bd554e342ac4771535550bcaf55f', 1796005842505);


--
-- Data for Name: outcome; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outcome VALUES ('products.json/0/ce7806f0-569/bag', 'products.json/0/ce7806f0-569', 1796005842449, '{"rows":[{"accepted":{"product_id":"bag","revision":7}}],"revision":7}');
INSERT INTO public.outcome VALUES ('products.json/0/ce7806f0-569/cap', 'products.json/0/ce7806f0-569', 1796005842449, '{"rows":[{"accepted":{"product_id":"cap","revision":5}}],"revision":5}');
INSERT INTO public.outcome VALUES ('products.json/0/ce7806f0-569/tee', 'products.json/0/ce7806f0-569', 1796005842449, '{"rows":[{"accepted":{"product_id":"tee","revision":3}}],"revision":3}');
INSERT INTO public.outcome VALUES ('key:key-1', '7de4b5ce845b5cd8b27b425baca214e878b60ec351fce2e612c7db2d134245ac', 1796005843965, '{"rows":[{"accepted":{"sku":"cap/OS","onHand":5,"reserved":1,"available":4,"backordered":0,"short":0,"lowStockThreshold":1,"soldOut":false,"revision":19,"before":{"sku":"cap/OS","onHand":3,"reserved":1,"available":2,"backordered":0,"short":0,"lowStockThreshold":1,"soldOut":false,"revision":18},"ended":[]}}],"revision":19,"act":"act_e5dd5b5ac02ffffffffed850059b5"}');


--
-- Data for Name: product; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.product VALUES ('bag', 'BAG', '', '40', 2, NULL, false, 1796005842449, '{"id":null,"name":null,"price":null,"sizes":null}');
INSERT INTO public.product VALUES ('cap', 'CAP', 'caps', '12.5', 1, '2027-01-15', false, 1796005842449, '{"id":null,"name":null,"price":null,"category":null,"restockDate":null,"sizes":null}');
INSERT INTO public.product VALUES ('tee', 'TEE', '', '20', 0, NULL, false, 1796005842449, '{"name":null,"id":null,"price":null,"note":"hand-written","sizes":null}');
INSERT INTO public.product VALUES ('mug', 'MUG', '', '9.90', 3, NULL, false, 1796005844521, '{}');


--
-- Data for Name: reservation; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.reservation VALUES ('res_01a22a4a53d34dcc3de5d97314ebe97f38b4', 'buyer-1', 'held', '[["tee/M",2,"main"]]', 1796005843926, 1796007643926, NULL, NULL, false);
INSERT INTO public.reservation VALUES ('res_01a22a4a53da7c2718d851dfac5e0980ce1d', 'buyer-2', 'held', '[["tee/L",1,"main"],["cap/OS",1,"main"]]', 1796005843930, 1796007643930, NULL, NULL, false);
INSERT INTO public.reservation VALUES ('res_01a22a4a53dcf033b1fb6291a1c50300440b', 'buyer-3', 'captured', '[["tee/M",3,"main"]]', 1796005843932, 1796007643932, 1796005843940, 'cs_1', false);
INSERT INTO public.reservation VALUES ('res_01a22a4a53defbcb373bb481001248401439', 'buyer-4', 'held', '[["bag/OS",2,"main"]]', 1796005843934, 1796610643947, NULL, NULL, false);
INSERT INTO public.reservation VALUES ('res_01a22a4a53e1946158d60949f635d6eba6f9', 'buyer-5', 'released', '[["bag/OS",1,"main"]]', 1796005843937, 1796007643937, 1796005843959, NULL, false);
INSERT INTO public.reservation VALUES ('res_01a22a4a654d7b2dcc0392c4baa1b8f5645d', 'buyer-7', 'held', '[["tee/L",1,"main"]]', 1796005848401, 1796008008000, NULL, NULL, false);


--
-- Data for Name: run; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: session; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.session VALUES ('buyer-1', 'res_01a22a4a53d34dcc3de5d97314ebe97f38b4');
INSERT INTO public.session VALUES ('buyer-2', 'res_01a22a4a53da7c2718d851dfac5e0980ce1d');
INSERT INTO public.session VALUES ('buyer-3', 'res_01a22a4a53dcf033b1fb6291a1c50300440b');
INSERT INTO public.session VALUES ('buyer-4', 'res_01a22a4a53defbcb373bb481001248401439');
INSERT INTO public.session VALUES ('buyer-5', 'res_01a22a4a53e1946158d60949f635d6eba6f9');
INSERT INTO public.session VALUES ('cs_1', 'res_01a22a4a53dcf033b1fb6291a1c50300440b');
INSERT INTO public.session VALUES ('pi_1', 'res_01a22a4a53dcf033b1fb6291a1c50300440b');
INSERT INTO public.session VALUES ('buyer-7', 'res_01a22a4a654d7b2dcc0392c4baa1b8f5645d');
INSERT INTO public.session VALUES ('cs_test_be3a9fa4f344acf1da300acf', 'res_01a22a4a654d7b2dcc0392c4baa1b8f5645d');


--
-- Data for Name: turned_away; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.turned_away VALUES ('cap/OS', 498890, 1, 3);


--
-- Name: checkout checkout_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.checkout
    ADD CONSTRAINT checkout_pkey PRIMARY KEY (reservation_id);


--
-- Name: cursor cursor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (name);


--
-- Name: document document_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document
    ADD CONSTRAINT document_pkey PRIMARY KEY (folder, name);


--
-- Name: entry entry_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (revision);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);


--
-- Name: head head_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (one);


--
-- Name: item item_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (sku);


--
-- Name: level level_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.level
    ADD CONSTRAINT level_pkey PRIMARY KEY (sku, location);


--
-- Name: matter matter_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.matter
    ADD CONSTRAINT matter_pkey PRIMARY KEY (matter_id);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);


--
-- Name: outcome outcome_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT outcome_pkey PRIMARY KEY (command_id);


--
-- Name: product product_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (product_id);


--
-- Name: reservation reservation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reservation
    ADD CONSTRAINT reservation_pkey PRIMARY KEY (reservation_id);


--
-- Name: run run_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (job, started_at);


--
-- Name: session session_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (session_id);


--
-- Name: turned_away turned_away_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.turned_away
    ADD CONSTRAINT turned_away_pkey PRIMARY KEY (sku, hour);


--
-- Name: document_until; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX document_until ON public.document USING btree (until) WHERE (until IS NOT NULL);


--
-- Name: entry_of_sku; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX entry_of_sku ON public.entry USING btree (sku, revision);


--
-- Name: item_of_product; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX item_of_product ON public.item USING btree (product_id);


--
-- Name: outcome_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX outcome_age ON public.outcome USING btree (at);


--
-- Name: reservation_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reservation_due ON public.reservation USING btree (expires_at) WHERE (status = 'held'::text);


--
-- Name: inventory _RETURN; Type: RULE; Schema: public; Owner: -
--

CREATE OR REPLACE VIEW public.inventory AS
 SELECT item.product_id,
    item.size,
    (COALESCE(sum(level.on_hand), (0)::numeric))::bigint AS stock,
    (COALESCE(sum(level.reserved), (0)::numeric))::bigint AS reserved,
    item.low_stock_threshold,
    item.sold_out,
    product.restock_date,
    to_timestamp((((GREATEST(product.updated_at, max(level.updated_at)))::numeric / 1000.0))::double precision) AS last_updated,
    (COALESCE(sum(((level.on_hand - level.reserved) - level.allocated)), (0)::numeric))::bigint AS available
   FROM ((public.item
     JOIN public.product USING (product_id))
     LEFT JOIN public.level USING (sku))
  WHERE ((NOT item.archived) AND (NOT product.archived))
  GROUP BY item.sku, product.product_id;


--
-- PostgreSQL database dump complete
--

\unrestrict U46sFKwW0PM6BD69PQMCOA0uJ8NofHp4hMaIZ5TeAvXkI23svmzx12DWOFziyU4

