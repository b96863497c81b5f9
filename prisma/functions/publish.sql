-- Events on their way to Pusher. A relay holds a consultation by a lease with a fence: each claim raises the number,
-- and only the newest holder can move the cursor. Delivery is at least once and in order; the receiver's seq makes it
-- exactly once.

-- ── Who is alive ─────────────────────────────────────────────────────────────────────────────────────────────────────

-- A relay holds a shared advisory lock (lib/server/relay/wake-up.ts) on the session on which it listens, so that the
-- database itself knows the moment it has died.

CREATE OR REPLACE FUNCTION relay_key(p_owner uuid) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x0' || left(p_owner::text, 7))::bit(32)::integer
$$;

CREATE OR REPLACE FUNCTION enter_relay(p_owner uuid) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_lock_shared(72707372, relay_key(p_owner))
$$;

CREATE OR REPLACE FUNCTION relays_here() RETURNS integer[] LANGUAGE sql AS $$
  SELECT coalesce(array_agg(objid::bigint::integer), '{}') FROM pg_locks
  WHERE locktype = 'advisory' AND classid = 72707372 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
$$;

-- ── Leases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- An event whose words cannot be put together must not hold up the others, nor their consultation the next: it is told
-- as a hint, and whoever receives that fetches.
CREATE OR REPLACE FUNCTION event_to_publish(e events, p_epoch text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN event_json(e, p_epoch);
EXCEPTION WHEN OTHERS THEN
  RETURN hint_json(e, p_epoch);
END $$;

-- The next events of a consultation, and only hints once somebody was removed (UI4): the flag is read in the same look
-- at the database as the events, so no event from after the removal can be seen without it.
CREATE OR REPLACE FUNCTION events_after(p_consultation uuid, p_after integer, p_limit integer)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH log AS MATERIALIZED (
    SELECT current_epoch() AS epoch, c.hints_only FROM publication_cursors c
    WHERE c.consultation_id = p_consultation AND c.sink = 'pusher'
  )
  SELECT coalesce(jsonb_agg(
    CASE WHEN log.hints_only THEN hint_json(e, log.epoch) ELSE event_to_publish(e, log.epoch) END ORDER BY (e).seq), '[]')
  FROM log, (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
             ORDER BY e.seq LIMIT p_limit) AS page (e)
$$;

-- Up to p_most consultations that are behind and that nobody holds, each with its next events. A lease is respected
-- for its first second whatever happens; after that it is free at once when its holder has died, or when it is the
-- caller's own and not among those it knows of (p_held): then the answer that gave it was lost on the way.
CREATE OR REPLACE FUNCTION claim_publications(p_owner uuid, p_most integer, p_events integer, p_held uuid[])
RETURNS jsonb LANGUAGE sql AS $$
  WITH here AS MATERIALIZED (
    SELECT relays_here() AS keys
  ), free AS (
    SELECT c.consultation_id FROM publication_cursors c, here
    WHERE c.sink = 'pusher' AND c.dirty AND (
      c.lease_until IS NULL
      OR c.lease_until < clock_timestamp()
      OR (c.lease_owner IS NOT NULL AND c.lease_until < clock_timestamp() + interval '9 seconds' AND CASE
            WHEN c.lease_owner = p_owner THEN c.consultation_id <> ALL (p_held)
            ELSE relay_key(c.lease_owner) <> ALL (here.keys) END))
    ORDER BY c.lease_until NULLS FIRST LIMIT p_most
    FOR UPDATE OF c SKIP LOCKED
  ), claimed AS (
    UPDATE publication_cursors c SET
        lease_owner = p_owner, lease_fence = c.lease_fence + 1, lease_until = clock_timestamp() + interval '10 seconds'
      FROM free WHERE c.consultation_id = free.consultation_id AND c.sink = 'pusher'
      RETURNING c.consultation_id, c.lease_fence, c.published_seq
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
    'consultationId', consultation_id, 'fence', lease_fence,
    'events', events_after(consultation_id, published_seq, p_events))), '[]')
  FROM claimed
$$;

-- The holder has published up to p_seq (0: nothing yet): moves the cursor, never back, and either goes on with the next
-- events or gives the lease back. Whether anything is left is decided under the head's lock: an append that has not
-- committed yet either sees a clean cursor and marks it, or is waited for here. 'lost': another holder has taken over.
CREATE OR REPLACE FUNCTION advance_publication(p_consultation uuid, p_fence integer, p_seq integer, p_events integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_head integer;
  v_published integer;
BEGIN
  SELECT head_seq INTO v_head FROM consultation_heads WHERE consultation_id = p_consultation FOR SHARE;
  UPDATE publication_cursors SET
      published_seq = greatest(published_seq, p_seq),
      failures = CASE WHEN p_seq > published_seq THEN 0 ELSE failures END,
      dirty = v_head > greatest(published_seq, p_seq),
      lease_owner = CASE WHEN v_head > greatest(published_seq, p_seq) THEN lease_owner END,
      lease_until = CASE WHEN v_head > greatest(published_seq, p_seq) THEN clock_timestamp() + interval '10 seconds' END
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND lease_fence = p_fence AND lease_owner IS NOT NULL
    RETURNING published_seq INTO v_published;
  IF NOT FOUND THEN RETURN '{"outcome": "lost", "events": []}'; END IF;
  RETURN jsonb_build_object('outcome', 'ok', 'events',
    CASE WHEN v_head > v_published THEN events_after(p_consultation, v_published, p_events) ELSE '[]' END);
END $$;

-- Publishing failed: gives the lease back, and nobody asks again before a pause of 1, 2, 4 ... at most 30 seconds. Only
-- from a lease that is held: the answer to an earlier giving back may have been lost.
CREATE OR REPLACE FUNCTION postpone_publication(p_consultation uuid, p_fence integer) RETURNS void LANGUAGE sql AS $$
  UPDATE publication_cursors SET
      failures = failures + 1, lease_owner = NULL,
      lease_until = clock_timestamp() + least(30, power(2, least(failures, 5))) * interval '1 second'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND lease_fence = p_fence AND lease_owner IS NOT NULL
$$;

-- The provider takes calls again: the pauses are over. Several relays may find that at once; each skips what another
-- is at.
CREATE OR REPLACE FUNCTION revive_publications() RETURNS void LANGUAGE sql AS $$
  WITH postponed AS (
    SELECT consultation_id FROM publication_cursors
    WHERE sink = 'pusher' AND dirty AND lease_owner IS NULL AND lease_until IS NOT NULL
    FOR UPDATE SKIP LOCKED
  )
  UPDATE publication_cursors c SET lease_until = NULL
    FROM postponed WHERE c.consultation_id = postponed.consultation_id AND c.sink = 'pusher'
$$;

-- ── What readers are told ────────────────────────────────────────────────────────────────────────────────────────────

-- Live delivery of one consultation as the database sees it, whichever process publishes. A holder records what it
-- has pushed at least once a second, so an age of two seconds means that it could not push.
CREATE OR REPLACE FUNCTION push_json(p_consultation uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_cursor publication_cursors;
  v_lag bigint := 0;
BEGIN
  SELECT * INTO v_cursor FROM publication_cursors WHERE consultation_id = p_consultation AND sink = 'pusher';
  IF v_cursor.dirty THEN
    SELECT greatest(0, extract(epoch FROM clock_timestamp() - e.at) * 1000) INTO v_lag
      FROM events e WHERE e.consultation_id = p_consultation AND e.seq = v_cursor.published_seq + 1;
  END IF;
  RETURN jsonb_build_object(
    'push', CASE WHEN v_cursor.dirty AND (v_cursor.failures > 0 OR v_lag > 2000) THEN 'delayed' ELSE 'ok' END,
    'pushLagMs', coalesce(v_lag, 0));
END $$;
