-- Who is here, what people are told on their own channel, and hints for a consultation that somebody was removed from.

-- CreateTable
CREATE TABLE "user_presence" (
    "user_id" UUID NOT NULL,
    "seen_at" TIMESTAMPTZ(3),
    "connected" BOOLEAN NOT NULL DEFAULT false,
    "connected_at" TIMESTAMPTZ(3),
    "asked_at" TIMESTAMPTZ(3),
    "missed_at" TIMESTAMPTZ(3),
    "told_online" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "user_presence_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "presence_sweeps" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "begun_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "presence_sweeps_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "user_presence" ADD CONSTRAINT "user_presence_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "presence_sweeps" ADD CONSTRAINT "presence_sweeps_one_row" CHECK ("id" = 1);

-- ── Who is here ─────────────────────────────────────────────────────────────────────────────────────────────────────
-- Nothing has to run for somebody to go offline: both kinds of evidence grow old by themselves. told_online is what
-- the others were told last, not the truth; is_here is.

CREATE FUNCTION is_here(p user_presence) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (p.connected AND p.connected_at > clock_timestamp() - interval '90 seconds')
    OR coalesce(p.seen_at > clock_timestamp() - interval '45 seconds', false)
$$;

CREATE OR REPLACE FUNCTION is_online(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT is_here(p) FROM user_presence p WHERE p.user_id = p_user), false)
$$;

-- Never goes back, and coming online always moves it: readings of one person order by it (lib/protocol/notices.ts).
CREATE OR REPLACE FUNCTION last_active_at(p_user uuid) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT greatest(p.seen_at, p.connected_at) FROM user_presence p WHERE p.user_id = p_user
$$;

-- These people have called us. Only a session that holds counts: a token that was stolen and ended keeps nobody online.
-- "changed": those whom the others take to be offline.
CREATE FUNCTION touch_presence(p_sessions uuid[], p_users uuid[]) RETURNS jsonb LANGUAGE sql AS $$
  WITH live AS (
    SELECT DISTINCT c.user_id FROM unnest(p_sessions, p_users) AS c (session_id, user_id)
    WHERE session_is_live(c.session_id, c.user_id)
  ), touched AS (
    INSERT INTO user_presence AS p (user_id, seen_at)
      SELECT user_id, clock_timestamp() FROM live ORDER BY user_id
      ON CONFLICT (user_id) DO UPDATE SET seen_at = greatest(p.seen_at, excluded.seen_at)
      RETURNING p.user_id, p.told_online
  )
  SELECT jsonb_build_object('outcome', 'ok',
    'changed', coalesce(jsonb_agg(user_id) FILTER (WHERE NOT told_online), '[]'))
  FROM touched
$$;

-- What the provider answered to a question of p_asked: whose channels are occupied and whose are empty (null: all
-- others'). An answer to an earlier question than the one recorded changes nothing, however late it comes. Who is
-- found missing has three seconds to come back: they are "again", to be asked about once more.
CREATE FUNCTION confirm_presence(p_asked timestamptz, p_occupied uuid[], p_empty uuid[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_again jsonb;
BEGIN
  INSERT INTO user_presence AS p (user_id, connected, connected_at, asked_at)
    SELECT u.id, true, p_asked, p_asked FROM users u WHERE u.id = ANY (p_occupied) ORDER BY u.id
    ON CONFLICT (user_id) DO UPDATE SET connected = true, connected_at = p_asked, asked_at = p_asked, missed_at = NULL
      WHERE p.asked_at IS NULL OR p.asked_at <= p_asked;
  WITH missing AS (
    SELECT p.user_id FROM user_presence p
    WHERE p.connected AND p.asked_at <= p_asked
      AND p.user_id <> ALL (p_occupied) AND (p_empty IS NULL OR p.user_id = ANY (p_empty))
    ORDER BY p.user_id FOR UPDATE
  ), marked AS (
    UPDATE user_presence p SET
        asked_at = p_asked,
        missed_at = coalesce(p.missed_at, p_asked),
        connected = coalesce(p.missed_at, p_asked) > p_asked - interval '3 seconds'
      FROM missing WHERE p.user_id = missing.user_id
      RETURNING p.user_id, p.connected
  )
  SELECT coalesce(jsonb_agg(user_id) FILTER (WHERE connected), '[]') INTO v_again FROM marked;
  RETURN jsonb_build_object('outcome', 'ok', 'again', v_again);
END $$;

-- One sweep of all processes together in p_every seconds: answers when it begins, null where another has begun.
CREATE FUNCTION claim_presence_sweep(p_every double precision) RETURNS timestamptz LANGUAGE sql AS $$
  INSERT INTO presence_sweeps AS s (id, begun_at) VALUES (1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET begun_at = excluded.begun_at
      WHERE s.begun_at <= excluded.begun_at - make_interval(secs => p_every)
    RETURNING begun_at
$$;

-- Those who take part with this person in something unfinished and who are there to hear of it.
CREATE FUNCTION counterparts_online(p_user uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT DISTINCT other.user_id
  FROM participants mine
    JOIN consultations c ON c.id = mine.consultation_id AND c.status IN ('SCHEDULED', 'IN_PROGRESS')
    JOIN participants other ON other.consultation_id = c.id AND other.user_id <> p_user AND other.left_at IS NULL
  WHERE mine.user_id = p_user AND mine.left_at IS NULL AND is_online(other.user_id)
$$;

-- Whoever came or went since the others were told, among p_users (null: among all), and whom to tell of it. Each change
-- is answered to one caller only.
CREATE FUNCTION settle_presence(p_users uuid[]) RETURNS jsonb LANGUAGE sql AS $$
  WITH changed AS (
    SELECT p.user_id FROM user_presence p
    WHERE (p_users IS NULL OR p.user_id = ANY (p_users)) AND p.told_online <> is_here(p)
    ORDER BY p.user_id FOR UPDATE SKIP LOCKED
  ), told AS (
    UPDATE user_presence p SET told_online = NOT p.told_online
      FROM changed WHERE p.user_id = changed.user_id
      RETURNING p.user_id, p.told_online, greatest(p.seen_at, p.connected_at) AS last_active_at
  )
  SELECT jsonb_build_object('outcome', 'ok', 'changes', coalesce(jsonb_agg(jsonb_build_object(
    'userId', user_id, 'online', told_online, 'lastActiveAt', iso(last_active_at),
    'tell', (SELECT coalesce(jsonb_agg(tell ORDER BY tell), '[]') FROM counterparts_online(user_id) AS tell))), '[]'))
  FROM told
$$;

-- ── Notices ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- What is told on people's own channels after the events p_first to p_last of a consultation were published (null: none
-- were): each present participant's row as it is now, or only those of p_readers; the new messages that somebody has
-- not read, newest first and at most p_most of them; what became of earlier ones; who was removed.
CREATE FUNCTION notices_of(
  p_consultation uuid, p_first integer, p_last integer, p_everybody boolean, p_readers uuid[], p_most integer
) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH present AS (
    SELECT p.user_id, p.read_up_to_seq FROM participants p WHERE p.consultation_id = p_consultation AND p.left_at IS NULL
  ), published AS (
    SELECT e.seq, e.type, e.data, m.id, m.kind, m.sender_id, m.content, m.deleted_at
    FROM events e JOIN messages m ON m.id = e.message_id
    WHERE e.consultation_id = p_consultation AND e.seq BETWEEN p_first AND p_last
  )
  SELECT jsonb_build_object(
    'consultationId', p_consultation,
    'rows', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('userId', user_id, 'row', row_json(p_consultation, user_id))), '[]')
      FROM present WHERE p_everybody OR user_id = ANY (p_readers)),
    'written', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
          'messageId', w.id, 'seq', w.seq, 'senderName', u.name, 'preview', preview_of(w.content),
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM present
                   WHERE user_id <> w.sender_id AND read_up_to_seq < w.seq))
        ORDER BY w.seq), '[]')
      FROM (SELECT * FROM published WHERE type = 'new-message' AND kind = 'text' AND deleted_at IS NULL
            ORDER BY seq DESC LIMIT p_most) AS w
        JOIN users u ON u.id = w.sender_id),
    'changed', (
      SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
          'messageId', c.id, 'preview', preview_of(c.content),
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM present WHERE user_id <> c.sender_id))), '[]')
      FROM published c WHERE c.type IN ('message-edited', 'message-deleted') AND c.kind = 'text'),
    'removed', (
      SELECT coalesce(jsonb_agg(DISTINCT r.data->'userId'), '[]')
      FROM published r WHERE r.type = 'user-left' AND (r.data->>'userId')::uuid NOT IN (SELECT user_id FROM present)))
$$;

-- ── Hints after a removal ───────────────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION hint_json(e events, p_epoch text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'v', 1, 'consultationId', e.consultation_id, 'epoch', p_epoch, 'seq', e.seq, 'type', e.type, 'hint', true)
$$;

-- As before, and only hints once somebody was removed (UI4): the flag is read in the same look at the database as the
-- events, so no event from after the removal can be seen without it.
CREATE OR REPLACE FUNCTION events_after(p_consultation uuid, p_after integer, p_limit integer) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  WITH log AS MATERIALIZED (
    SELECT current_epoch() AS epoch, c.hints_only FROM publication_cursors c
    WHERE c.consultation_id = p_consultation AND c.sink = 'pusher'
  )
  SELECT coalesce(jsonb_agg(
    CASE WHEN log.hints_only THEN hint_json(e, log.epoch) ELSE event_to_publish(e, log.epoch) END ORDER BY (e).seq), '[]')
  FROM log, (SELECT e FROM events e WHERE e.consultation_id = p_consultation AND e.seq > p_after
             ORDER BY e.seq LIMIT p_limit) AS page (e)
$$;
