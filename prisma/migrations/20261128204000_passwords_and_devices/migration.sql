-- Passwords that were forgotten or are changed, and the devices on which somebody is signed in.

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "last_seen_at" TIMESTAMPTZ(3),
ADD COLUMN "user_agent" TEXT;

-- AlterTable
ALTER TABLE "mail_outbox" ADD COLUMN "locale" TEXT,
ADD COLUMN "reset_id" UUID,
ALTER COLUMN "consultation_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "password_resets" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "password_resets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "password_resets_token_hash_key" ON "password_resets"("token_hash");

-- CreateIndex
CREATE INDEX "password_resets_user_id_idx" ON "password_resets"("user_id");

-- AddForeignKey
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_reset_id_fkey" FOREIGN KEY ("reset_id") REFERENCES "password_resets"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that the schema file cannot say.
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_locale" CHECK ("locale" IN ('de', 'en'));
ALTER TABLE "mail_outbox" DROP CONSTRAINT "mail_outbox_kind";
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_kind" CHECK (
  ("first_seq" IS NOT NULL) = ("kind" = 'new-message')
  AND ("invitation_id" IS NOT NULL) = ("kind" = 'invitation')
  AND ("reset_id" IS NOT NULL) = ("kind" = 'password-reset')
  AND ("consultation_id" IS NOT NULL) = ("kind" IN ('new-message', 'invitation'))
  AND "kind" IN ('new-message', 'invitation', 'password-reset', 'password-changed')
);

-- ── Sessions ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- p_proof: the password hash that was found to match. A password that is changed meanwhile opens nothing: either its
-- change waits for this session and ends it, or this finds another hash. Null: proven in another way.
CREATE FUNCTION open_session(p_id uuid, p_user uuid, p_seconds integer, p_user_agent text, p_proof text) RETURNS jsonb
LANGUAGE plpgsql AS $$
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

-- As before, and each session knows to within five minutes when it was used last.
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

-- Where this person is signed in: here first, then by last use.
CREATE FUNCTION list_sessions(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user) THEN jsonb_build_object('outcome', 'ok', 'sessions', (
      SELECT jsonb_agg(jsonb_build_object(
          'id', s.id, 'here', s.id = p_session, 'userAgent', s.user_agent,
          'createdAt', iso(s.created_at), 'lastSeenAt', iso(coalesce(s.last_seen_at, s.created_at)))
        ORDER BY s.id = p_session DESC, coalesce(s.last_seen_at, s.created_at) DESC, s.id)
      FROM sessions s WHERE s.user_id = p_user AND session_is_live(s.id, p_user)))
    ELSE '{"outcome": "session-ended"}' END
$$;

-- Signs out another device (p_ended), or all others (null). This one signs out by itself.
CREATE FUNCTION end_sessions(p_session uuid, p_user uuid, p_ended uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  UPDATE sessions SET ended_at = clock_timestamp()
    WHERE user_id = p_user AND id <> p_session AND ended_at IS NULL AND (p_ended IS NULL OR id = p_ended);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN jsonb_build_object('outcome', 'ok', 'ended', v_count);
END $$;

-- ── Passwords ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- The caller has locked the account. Whoever knew the old password is out: all sessions end but p_kept, and so do all
-- links to choose another one. Its owner is told, in case it was somebody else.
CREATE FUNCTION set_password(p_user uuid, p_password_hash text, p_kept uuid, p_locale text) RETURNS void
LANGUAGE plpgsql AS $$
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
CREATE FUNCTION change_password(p_session uuid, p_user uuid, p_known text, p_password_hash text, p_locale text)
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

CREATE FUNCTION password_reset_is_open(r password_resets) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT r.closed_at IS NULL AND r.expires_at > clock_timestamp()
    AND EXISTS (SELECT FROM users u WHERE u.id = r.user_id AND u.invited_at IS NULL AND u.disabled_at IS NULL)
$$;

-- Writes to the owner of an address, if there is one. The answer is the same for everybody. Three links an hour: those
-- that were sent go on, so that nobody who asks in somebody else's name takes the way in from them.
CREATE FUNCTION request_password_reset(p_email text, p_locale text, p_id uuid, p_token_hash bytea) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_user uuid;
BEGIN
  SELECT id INTO v_user FROM users
    WHERE email = p_email AND invited_at IS NULL AND disabled_at IS NULL FOR NO KEY UPDATE;
  IF v_user IS NOT NULL AND NOT EXISTS (SELECT FROM password_resets WHERE id = p_id) AND (
    SELECT count(*) FROM password_resets WHERE user_id = v_user AND created_at > v_now - interval '1 hour') < 3
  THEN
    INSERT INTO password_resets (id, user_id, token_hash, created_at, expires_at)
      VALUES (p_id, v_user, p_token_hash, v_now, v_now + interval '1 hour');
    INSERT INTO mail_outbox (id, kind, user_id, reset_id, locale, created_at)
      VALUES (gen_random_uuid(), 'password-reset', v_user, p_id, p_locale, v_now);
  END IF;
  RETURN '{"outcome": "ok"}';
END $$;

CREATE FUNCTION read_password_reset(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT jsonb_build_object('outcome', 'ok', 'email', u.email)
     FROM password_resets r JOIN users u ON u.id = r.user_id
     WHERE r.token_hash = p_token_hash AND password_reset_is_open(r)),
    '{"outcome": "not-found"}')
$$;

-- Once: whoever comes second finds all links closed.
CREATE FUNCTION reset_password(p_token_hash bytea, p_password_hash text, p_locale text) RETURNS jsonb
LANGUAGE plpgsql AS $$
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

-- ── Mail ────────────────────────────────────────────────────────────────────────────────────────────────────────────

-- As before, for the new kinds too. Of a changed password its owner is told whatever they prefer.
CREATE OR REPLACE FUNCTION mail_is_wanted(o mail_outbox) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE o.kind
    WHEN 'new-message' THEN can_be_mailed(o.user_id) AND EXISTS (
      SELECT FROM participants p
      WHERE p.consultation_id = o.consultation_id AND p.user_id = o.user_id AND p.left_at IS NULL
        AND p.read_up_to_seq < o.first_seq AND (first_unread(p)).seq IS NOT NULL)
    WHEN 'invitation' THEN EXISTS (SELECT FROM invitations i WHERE i.id = o.invitation_id AND invitation_is_open(i))
    WHEN 'password-reset' THEN EXISTS (SELECT FROM password_resets r WHERE r.id = o.reset_id AND password_reset_is_open(r))
    ELSE EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND u.disabled_at IS NULL)
  END
$$;

-- As before; "link" is whatever the token of a mail leads to.
CREATE OR REPLACE FUNCTION claim_mail(p_most integer, p_lease_seconds integer, p_most_attempts integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_ids uuid[];
  v_parked jsonb;
  v_mails jsonb;
BEGIN
  SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM (
    SELECT id FROM mail_outbox
    WHERE state = 'waiting' AND (not_before IS NULL OR not_before <= v_now)
    ORDER BY not_before NULLS FIRST, created_at LIMIT p_most
    FOR UPDATE SKIP LOCKED
  ) AS free;

  DELETE FROM mail_outbox o WHERE o.id = ANY (v_ids) AND NOT mail_is_wanted(o);
  WITH parked AS (
    UPDATE mail_outbox SET state = 'parked', settled_at = v_now
      WHERE id = ANY (v_ids) AND attempts >= p_most_attempts
      RETURNING id
  )
  SELECT coalesce(jsonb_agg(id), '[]') INTO v_parked FROM parked;
  WITH claimed AS (
    UPDATE mail_outbox SET
        attempts = attempts + 1, lease_fence = lease_fence + 1,
        not_before = v_now + p_lease_seconds * interval '1 second'
      WHERE id = ANY (v_ids) AND state = 'waiting'
      RETURNING *
  ), links AS (
    SELECT id, token_hash, expires_at, locale FROM invitations
    UNION ALL SELECT id, token_hash, expires_at, NULL FROM password_resets
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
      'id', o.id, 'fence', o.lease_fence, 'kind', o.kind, 'to', u.email, 'consultationId', o.consultation_id,
      'locale', coalesce(f.locale, o.locale, l.locale), 'createdAt', iso(o.created_at),
      'link', CASE WHEN l.id IS NOT NULL THEN
        jsonb_build_object('id', l.id, 'tokenHash', encode(l.token_hash, 'hex'), 'expiresAt', iso(l.expires_at)) END)
    ORDER BY o.created_at), '[]') INTO v_mails
  FROM claimed o
    JOIN users u ON u.id = o.user_id
    LEFT JOIN preferences f ON f.user_id = o.user_id
    LEFT JOIN links l ON l.id = coalesce(o.invitation_id, o.reset_id);
  RETURN jsonb_build_object('outcome', 'ok', 'mails', v_mails, 'parked', v_parked, 'looked', cardinality(v_ids));
END $$;

-- As before, and links that ended a month ago.
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
