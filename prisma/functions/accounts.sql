-- Signing in, the devices on which somebody is signed in, and passwords.

-- ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

-- p_proof: the password hash that was found to match. A password that is changed meanwhile opens nothing: either its
-- change waits for this session and ends it, or this finds another hash. Null: proven in another way.
CREATE OR REPLACE FUNCTION open_session(p_id uuid, p_user uuid, p_seconds integer, p_user_agent text, p_proof text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
BEGIN
  PERFORM FROM users
    WHERE id = p_user AND disabled_at IS NULL AND (p_proof IS NULL OR password_hash = p_proof) FOR SHARE;
  IF NOT FOUND THEN RETURN '{"outcome": "session-ended"}'; END IF;
  INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, user_agent)
    VALUES (p_id, p_user, v_now, v_now, v_now + make_interval(secs => p_seconds), p_user_agent)
    ON CONFLICT (id) DO NOTHING;
  RETURN '{"outcome": "ok"}';
END $$;

-- Where this person is signed in: here first, then by last use.
CREATE OR REPLACE FUNCTION list_sessions(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user) THEN jsonb_build_object('outcome', 'ok', 'sessions', (
      SELECT jsonb_agg(jsonb_build_object(
          'id', s.id, 'here', s.id = p_session, 'userAgent', s.user_agent,
          'createdAt', iso(s.created_at), 'lastSeenAt', iso(coalesce(s.last_seen_at, s.created_at)))
        ORDER BY s.id = p_session DESC, coalesce(s.last_seen_at, s.created_at) DESC, s.id)
      FROM sessions s WHERE s.user_id = p_user AND session_is_live(s.id, p_user)))
    ELSE '{"outcome": "session-ended"}' END
$$;

-- Signs out another device (p_ended), or all others (null). This one signs out by itself.
CREATE OR REPLACE FUNCTION end_sessions(p_session uuid, p_user uuid, p_ended uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  UPDATE sessions SET ended_at = clock_timestamp()
    WHERE user_id = p_user AND id <> p_session AND ended_at IS NULL AND (p_ended IS NULL OR id = p_ended);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN jsonb_build_object('outcome', 'ok', 'ended', v_count);
END $$;

-- A session that ended or expired a month ago is of no more use: its token is refused without the row as well. So are
-- links that ended a month ago.
CREATE OR REPLACE FUNCTION prune_sessions() RETURNS bigint LANGUAGE sql AS $$
  DELETE FROM password_resets WHERE id IN (
    SELECT id FROM password_resets WHERE expires_at < clock_timestamp() - interval '30 days' LIMIT 1000);
  WITH pruned AS (
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE least(ended_at, expires_at) < clock_timestamp() - interval '30 days' LIMIT 1000)
    RETURNING id
  )
  SELECT count(*) FROM pruned
$$;

-- ── Passwords ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The caller has locked the account. Whoever knew the old password is out: all sessions end but p_kept, and so do all
-- links to choose another one. Its owner is told, in case it was somebody else.
CREATE OR REPLACE FUNCTION set_password(p_user uuid, p_password_hash text, p_kept uuid, p_locale text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
BEGIN
  UPDATE users SET password_hash = p_password_hash WHERE id = p_user;
  UPDATE sessions SET ended_at = v_now WHERE user_id = p_user AND ended_at IS NULL AND id IS DISTINCT FROM p_kept;
  UPDATE password_resets SET closed_at = v_now WHERE user_id = p_user AND closed_at IS NULL;
  INSERT INTO mail_outbox (id, kind, user_id, locale, created_at)
    VALUES (gen_random_uuid(), 'password-changed', p_user, p_locale, v_now);
END $$;

-- p_known: the hash that was found to match the present password. The session that changes it goes on.
CREATE OR REPLACE FUNCTION change_password(p_session uuid, p_user uuid, p_known text, p_password_hash text, p_locale text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_hash text;
BEGIN
  SELECT password_hash INTO v_hash FROM users WHERE id = p_user FOR NO KEY UPDATE;
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  -- Hashes are salted: the same one comes from this very call, whose first answer was lost.
  IF v_hash <> p_password_hash THEN
    IF v_hash <> p_known THEN RETURN '{"outcome": "validation-failed", "details": {"fields": {"current": "wrong"}}}'; END IF;
    PERFORM set_password(p_user, p_password_hash, p_session, p_locale);
  END IF;
  RETURN '{"outcome": "ok"}';
END $$;

CREATE OR REPLACE FUNCTION password_reset_is_open(r password_resets) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT r.closed_at IS NULL AND r.expires_at > clock_timestamp()
    AND EXISTS (SELECT FROM users u WHERE u.id = r.user_id AND u.invited_at IS NULL AND u.disabled_at IS NULL)
$$;

-- Writes to the owner of an address, if there is one. The answer is the same for everybody. Three links that still work
-- at most: those that were sent go on, so that nobody who asks in somebody else's name takes the way in from them; and
-- whoever has just used one, or changed the password in between, has none left in the mailbox to go back to.
CREATE OR REPLACE FUNCTION request_password_reset(p_email text, p_locale text, p_id uuid, p_token_hash bytea)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_user uuid;
BEGIN
  SELECT id INTO v_user FROM users
    WHERE email = p_email AND invited_at IS NULL AND disabled_at IS NULL FOR NO KEY UPDATE;
  IF v_user IS NOT NULL AND NOT EXISTS (SELECT FROM password_resets WHERE id = p_id) AND (
    SELECT count(*) FROM password_resets r WHERE r.user_id = v_user AND password_reset_is_open(r)) < 3
  THEN
    INSERT INTO password_resets (id, user_id, token_hash, created_at, expires_at)
      VALUES (p_id, v_user, p_token_hash, v_now, v_now + interval '1 hour');
    INSERT INTO mail_outbox (id, kind, user_id, reset_id, locale, created_at)
      VALUES (gen_random_uuid(), 'password-reset', v_user, p_id, p_locale, v_now);
  END IF;
  RETURN '{"outcome": "ok"}';
END $$;

CREATE OR REPLACE FUNCTION read_password_reset(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT jsonb_build_object('outcome', 'ok', 'email', u.email)
     FROM password_resets r JOIN users u ON u.id = r.user_id
     WHERE r.token_hash = p_token_hash AND password_reset_is_open(r)),
    '{"outcome": "not-found"}')
$$;

-- Once: whoever comes second finds all links closed.
CREATE OR REPLACE FUNCTION reset_password(p_token_hash bytea, p_password_hash text, p_locale text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_user uuid;
  v_hash text;
BEGIN
  SELECT user_id INTO v_user FROM password_resets WHERE token_hash = p_token_hash;
  SELECT password_hash INTO v_hash FROM users WHERE id = v_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN '{"outcome": "not-found"}'; END IF;
  -- Known already: this very call, whose first answer was lost.
  IF v_hash <> p_password_hash THEN
    IF NOT EXISTS (SELECT FROM password_resets r WHERE r.token_hash = p_token_hash AND password_reset_is_open(r)) THEN
      RETURN '{"outcome": "not-found"}';
    END IF;
    PERFORM set_password(v_user, p_password_hash, NULL, p_locale);
  END IF;
  RETURN jsonb_build_object('outcome', 'ok', 'userId', v_user);
END $$;
