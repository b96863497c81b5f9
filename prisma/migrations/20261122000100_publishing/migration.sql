-- Publishing across processes: leases that end with their holder, events that cannot be told, and an answer that says
-- how far live delivery is behind. Signatures that a running process of the earlier version calls stay.

-- ── Who is alive ────────────────────────────────────────────────────────────────────────────────────────────────────
-- A relay holds a shared advisory lock (lib/server/relay/wake-up.ts) on the session on which it listens, so that the
-- database itself knows the moment it has died.

CREATE FUNCTION relay_key(p_owner uuid) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x0' || left(p_owner::text, 7))::bit(32)::integer
$$;

CREATE FUNCTION enter_relay(p_owner uuid) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_lock_shared(72707372, relay_key(p_owner))
$$;

CREATE FUNCTION relays_here() RETURNS integer[] LANGUAGE sql AS $$
  SELECT coalesce(array_agg(objid::bigint::integer), '{}') FROM pg_locks
  WHERE locktype = 'advisory' AND classid = 72707372 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
$$;

-- ── Leases ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- An event whose words cannot be put together must not hold up the others, nor their consultation the next: it is told
-- as a hint, and whoever receives that fetches.
CREATE FUNCTION event_to_publish(e events, p_epoch text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN event_json(e, p_epoch);
EXCEPTION WHEN OTHERS THEN
  RETURN jsonb_build_object(
    'v', 1, 'consultationId', e.consultation_id, 'epoch', p_epoch, 'seq', e.seq, 'type', e.type, 'hint', true);
END $$;

CREATE OR REPLACE FUNCTION events_after(p_consultation uuid, p_after integer, p_limit integer) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  WITH epoch AS MATERIALIZED (SELECT current_epoch() AS name)
  SELECT coalesce(jsonb_agg(event_to_publish(e, epoch.name) ORDER BY (e).seq), '[]')
  FROM epoch, (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
               ORDER BY e.seq LIMIT p_limit) AS page (e)
$$;

-- Up to p_most consultations that are behind and that nobody holds, each with its next events. A lease is respected
-- for its first second whatever happens; after that it is free at once when its holder has died, or when it is the
-- caller's own and not among those it knows of (p_held): then the answer that gave it was lost on the way.
CREATE FUNCTION claim_publications(p_owner uuid, p_most integer, p_events integer, p_held uuid[]) RETURNS jsonb
LANGUAGE sql AS $$
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

-- For a process of the earlier version, which does not say what it holds: null takes nothing from its own hands.
CREATE OR REPLACE FUNCTION claim_publications(p_owner uuid, p_most integer, p_events integer) RETURNS jsonb
LANGUAGE sql AS $$
  SELECT claim_publications(p_owner, p_most, p_events, NULL)
$$;

-- As before, and the cursor never moves back: a holder that has published nothing yet asks with 0 what comes next.
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

-- As before, and only from a lease that is held: the answer to an earlier giving back may have been lost.
CREATE OR REPLACE FUNCTION postpone_publication(p_consultation uuid, p_fence integer) RETURNS void LANGUAGE sql AS $$
  UPDATE publication_cursors SET
      failures = failures + 1, lease_owner = NULL,
      lease_until = clock_timestamp() + least(30, power(2, least(failures, 5))) * interval '1 second'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND lease_fence = p_fence AND lease_owner IS NOT NULL
$$;

-- The provider takes calls again: the pauses are over. Several relays may find that at once; each skips what another
-- is at.
CREATE FUNCTION revive_publications() RETURNS void LANGUAGE sql AS $$
  WITH postponed AS (
    SELECT consultation_id FROM publication_cursors
    WHERE sink = 'pusher' AND dirty AND lease_owner IS NULL AND lease_until IS NOT NULL
    FOR UPDATE SKIP LOCKED
  )
  UPDATE publication_cursors c SET lease_until = NULL
    FROM postponed WHERE c.consultation_id = postponed.consultation_id AND c.sink = 'pusher'
$$;

-- As before, and it says whether the event was left for any relay to claim ("unheld"): the cursor was idle and the
-- writer's own process does not publish. Otherwise somebody has the lease, or has given it back for a while.
CREATE OR REPLACE FUNCTION append_event(
  p_consultation uuid, p_seq integer, p_at timestamptz, p_type text, p_actor uuid, p_message uuid, p_data jsonb, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_event events;
  v_fence integer;
BEGIN
  UPDATE consultation_heads SET head_seq = p_seq, last_event_at = p_at
    WHERE consultation_id = p_consultation AND head_seq = p_seq - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'append_event without the turn of %', p_consultation;
  END IF;

  INSERT INTO events (consultation_id, seq, type, actor_id, at, message_id, data)
    VALUES (p_consultation, p_seq, p_type, p_actor, p_at, p_message, p_data)
    RETURNING * INTO v_event;

  UPDATE publication_cursors SET
      dirty = true,
      lease_owner = p_relay,
      lease_fence = lease_fence + 1,
      lease_until = clock_timestamp() + interval '10 seconds'
    WHERE consultation_id = p_consultation AND sink = 'pusher' AND NOT dirty AND p_relay IS NOT NULL
    RETURNING lease_fence INTO v_fence;
  UPDATE publication_cursors SET dirty = true WHERE consultation_id = p_consultation AND NOT dirty;

  RETURN jsonb_build_object('event', event_json(v_event, current_epoch()), 'fence', v_fence, 'unheld', FOUND);
END $$;

-- ── What readers are told ───────────────────────────────────────────────────────────────────────────────────────────

-- Live delivery of one consultation as the database sees it, whichever process publishes. A holder records what it
-- has pushed at least once a second, so an age of two seconds means that it could not push.
CREATE FUNCTION push_json(p_consultation uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
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

CREATE OR REPLACE FUNCTION read_snapshot(p_session uuid, p_user uuid, p_consultation uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  RETURN (
    SELECT jsonb_build_object(
        'outcome', 'ok',
        'consultation', jsonb_build_object(
          'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
          'startedAt', iso(c.started_at), 'endedAt', iso(c.ended_at)),
        'participants', (
          SELECT coalesce(jsonb_agg(jsonb_build_object(
              'user', user_json(p.user_id), 'online', false, 'lastActiveAt', null, 'position', position_json(p))
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
      || push_json(c.id)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;

CREATE OR REPLACE FUNCTION read_events(
  p_session uuid, p_user uuid, p_consultation uuid, p_after integer, p_after_at timestamptz, p_epoch text, p_limit integer
) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_refusal jsonb := refusal_of_access(p_session, p_user, p_consultation);
  v_epoch text;
  v_head integer;
BEGIN
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  v_epoch := current_epoch();
  SELECT head_seq INTO v_head FROM consultation_heads WHERE consultation_id = p_consultation;
  IF p_epoch <> v_epoch OR p_after > v_head OR EXISTS (
    SELECT FROM events WHERE consultation_id = p_consultation AND seq = p_after AND at <> p_after_at
  ) THEN
    RETURN jsonb_build_object('outcome', 'ok', 'reset', true, 'headSeq', v_head, 'epoch', v_epoch);
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'headSeq', v_head, 'epoch', v_epoch, 'positions', positions_json(p_consultation),
    'events', (
      SELECT coalesce(jsonb_agg(event_json(e, v_epoch) ORDER BY (e).seq), '[]')
      FROM (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
            ORDER BY e.seq LIMIT p_limit) AS page (e)))
    || push_json(p_consultation);
END $$;

-- ── Keeping house ───────────────────────────────────────────────────────────────────────────────────────────────────

-- A session that ended or expired a month ago is of no more use: its token is refused without the row as well.
CREATE FUNCTION prune_sessions() RETURNS bigint LANGUAGE sql AS $$
  WITH pruned AS (
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE least(ended_at, expires_at) < clock_timestamp() - interval '30 days' LIMIT 1000)
    RETURNING id
  )
  SELECT count(*) FROM pruned
$$;
