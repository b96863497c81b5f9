-- Who is here. Nothing has to run for somebody to go offline: both kinds of evidence grow old by themselves.
-- told_online is what the others were told last, not the truth; is_here is.

CREATE OR REPLACE FUNCTION is_here(p user_presence) RETURNS boolean LANGUAGE sql STABLE AS $$
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

CREATE OR REPLACE FUNCTION presence_json(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('online', is_online(p_user), 'lastActiveAt', iso(last_active_at(p_user)))
$$;

-- Nothing of somebody who takes no part (yet, or any more), nor for such a reader.
CREATE OR REPLACE FUNCTION presence_in_json(p_consultation uuid, p_user uuid, p_reader uuid)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN is_participant(p_consultation, p_user) AND is_participant(p_consultation, p_reader) THEN presence_json(p_user)
    ELSE '{"online": false, "lastActiveAt": null}' END
$$;

-- These people have called us. Only a session that holds counts: a token that was stolen and ended keeps nobody online.
-- Each session knows to within five minutes when it was used last. "changed": those whom the others take to be offline.
CREATE OR REPLACE FUNCTION touch_presence(p_sessions uuid[], p_users uuid[]) RETURNS jsonb LANGUAGE sql AS $$
  WITH live AS (
    SELECT c.session_id, c.user_id FROM unnest(p_sessions, p_users) AS c (session_id, user_id)
    WHERE session_is_live(c.session_id, c.user_id)
  ), stale AS (
    SELECT s.id FROM sessions s
    WHERE s.id IN (SELECT session_id FROM live)
      AND (s.last_seen_at IS NULL OR s.last_seen_at < clock_timestamp() - interval '5 minutes')
    FOR NO KEY UPDATE SKIP LOCKED
  ), seen AS (
    UPDATE sessions s SET last_seen_at = clock_timestamp() FROM stale WHERE s.id = stale.id
  ), touched AS (
    INSERT INTO user_presence AS p (user_id, seen_at)
      SELECT DISTINCT user_id, clock_timestamp() FROM live ORDER BY user_id
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
CREATE OR REPLACE FUNCTION confirm_presence(p_asked timestamptz, p_occupied uuid[], p_empty uuid[])
RETURNS jsonb LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION claim_presence_sweep(p_every double precision) RETURNS timestamptz LANGUAGE sql AS $$
  INSERT INTO presence_sweeps AS s (id, begun_at) VALUES (1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET begun_at = excluded.begun_at
      WHERE s.begun_at <= excluded.begun_at - make_interval(secs => p_every)
    RETURNING begun_at
$$;

-- Those who take part with this person in something unfinished and who are there to hear of it.
CREATE OR REPLACE FUNCTION counterparts_online(p_user uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT DISTINCT other.user_id
  FROM participants mine
    JOIN consultations c ON c.id = mine.consultation_id AND c.status IN ('SCHEDULED', 'IN_PROGRESS')
    JOIN participants other ON other.consultation_id = c.id AND other.user_id <> p_user
      AND other.left_at IS NULL AND other.asked_at IS NULL
  WHERE mine.user_id = p_user AND mine.left_at IS NULL AND mine.asked_at IS NULL AND is_online(other.user_id)
$$;

-- Whoever came or went since the others were told, among p_users (null: among all), and whom to tell of it. Each change
-- is answered to one caller only.
CREATE OR REPLACE FUNCTION settle_presence(p_users uuid[]) RETURNS jsonb LANGUAGE sql AS $$
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
