-- Mail, preferences, and how a consultation with somebody new begins.

-- AlterTable
ALTER TABLE "users" ADD COLUMN "invited_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "consultations" ADD COLUMN "created_by" UUID,
ADD COLUMN "request_hash" BYTEA;

-- CreateTable
CREATE TABLE "preferences" (
    "user_id" UUID NOT NULL,
    "locale" TEXT,
    "toasts" BOOLEAN NOT NULL DEFAULT true,
    "browser_notifications" BOOLEAN NOT NULL DEFAULT false,
    "preview_in_notifications" BOOLEAN NOT NULL DEFAULT false,
    "sound" BOOLEAN NOT NULL DEFAULT true,
    "mail" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "preferences_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "invitations" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "consultation_id" UUID NOT NULL,
    "invited_by" UUID NOT NULL,
    "mailed" BOOLEAN NOT NULL,
    "locale" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mail_outbox" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "consultation_id" UUID NOT NULL,
    "first_seq" INTEGER,
    "invitation_id" UUID,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lease_fence" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "mail_outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mail_sink" (
    "outbox_id" UUID NOT NULL,
    "to_address" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mail_sink_pkey" PRIMARY KEY ("outbox_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations"("token_hash");

-- CreateIndex
CREATE INDEX "invitations_user_id_idx" ON "invitations"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "mail_outbox_consultation_id_user_id_first_seq_key" ON "mail_outbox"("consultation_id", "user_id", "first_seq");

-- CreateIndex
CREATE INDEX "mail_sink_sent_at_idx" ON "mail_sink"("sent_at");

-- AddForeignKey
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_created_by_fkey" FOREIGN KEY ("created_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "preferences" ADD CONSTRAINT "preferences_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_fkey" FOREIGN KEY ("invited_by") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_invitation_id_fkey" FOREIGN KEY ("invitation_id") REFERENCES "invitations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that the schema file cannot say.
ALTER TABLE "preferences" ADD CONSTRAINT "preferences_locale" CHECK ("locale" IN ('de', 'en'));
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_state" CHECK ("state" IN ('waiting', 'sent', 'parked'));
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_kind" CHECK (
  CASE "kind"
    WHEN 'new-message' THEN "first_seq" IS NOT NULL AND "invitation_id" IS NULL
    WHEN 'invitation' THEN "first_seq" IS NULL AND "invitation_id" IS NOT NULL
    ELSE false
  END
);
CREATE INDEX "mail_outbox_waiting_idx" ON "mail_outbox" ("not_before") WHERE "state" = 'waiting';

-- ── The cursor of the mail sink ─────────────────────────────────────────────────────────────────────────────────────
-- "lease_until" is the time before which there is nothing to plan; nobody ever holds this cursor beyond a transaction.

ALTER TABLE "publication_cursors" DROP CONSTRAINT "publication_cursors_sink";
ALTER TABLE "publication_cursors" ADD CONSTRAINT "publication_cursors_sink" CHECK ("sink" IN ('pusher', 'mail'));

-- What is unread in what exists already is planned from the next message on: an update of the software writes to nobody.
INSERT INTO publication_cursors (consultation_id, sink, published_seq)
  SELECT consultation_id, 'mail', head_seq FROM consultation_heads;

CREATE OR REPLACE FUNCTION open_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO consultation_heads (consultation_id, last_event_at) VALUES (NEW.id, NEW.created_at);
  INSERT INTO publication_cursors (consultation_id, sink) VALUES (NEW.id, 'pusher'), (NEW.id, 'mail');
  RETURN NEW;
END $$;

-- ── Planning: who has to be written to ──────────────────────────────────────────────────────────────────────────────
-- Always judged from the state as it is: somebody is written to when the first message that they have not read is
-- older than the delay, counted from their last reading, and no mail is open for them. A mail stays open until they
-- have read past the message that it was sent for: so one burst is one mail, whatever is planned twice or never.

-- The first of others' messages that this participant has not read.
CREATE FUNCTION first_unread(p participants, OUT seq integer, OUT created_at timestamptz) LANGUAGE sql STABLE AS $$
  SELECT m.seq, m.created_at FROM messages m
  WHERE m.consultation_id = p.consultation_id AND m.seq > p.read_up_to_seq
    AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p.user_id
  ORDER BY m.seq LIMIT 1
$$;

CREATE FUNCTION can_be_mailed(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM users u LEFT JOIN preferences f ON f.user_id = u.id
    WHERE u.id = p_user AND u.disabled_at IS NULL AND u.invited_at IS NULL AND coalesce(f.mail, true))
$$;

-- Up to p_most consultations that nobody else plans and nobody writes to at this moment. The head is locked too: an
-- append that has not committed yet either sees a clean cursor and marks it, or its consultation is left for later.
CREATE FUNCTION plan_mail(p_delay_seconds integer, p_most integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_ids uuid[];
  v_planned integer;
BEGIN
  SELECT coalesce(array_agg(consultation_id), '{}') INTO v_ids FROM (
    SELECT c.consultation_id
    FROM publication_cursors c JOIN consultation_heads h ON h.consultation_id = c.consultation_id
    WHERE c.sink = 'mail' AND c.dirty AND (c.lease_until IS NULL OR c.lease_until <= v_now)
    ORDER BY c.lease_until NULLS FIRST LIMIT p_most
    FOR UPDATE OF c SKIP LOCKED FOR SHARE OF h SKIP LOCKED
  ) AS due;

  WITH unread AS MATERIALIZED (
    SELECT p.consultation_id, p.user_id, first.seq,
           greatest(first.created_at, p.joined_at, p.read_at) + p_delay_seconds * interval '1 second' AS due_at
    FROM participants p CROSS JOIN LATERAL first_unread(p) AS first
    WHERE p.consultation_id = ANY (v_ids) AND p.left_at IS NULL AND first.seq IS NOT NULL AND can_be_mailed(p.user_id)
      AND NOT EXISTS (
        SELECT FROM mail_outbox o
        WHERE o.consultation_id = p.consultation_id AND o.user_id = p.user_id AND o.first_seq > p.read_up_to_seq)
  ), planned AS (
    INSERT INTO mail_outbox (id, kind, user_id, consultation_id, first_seq, created_at)
      SELECT gen_random_uuid(), 'new-message', user_id, consultation_id, seq, v_now FROM unread WHERE due_at <= v_now
      ON CONFLICT (consultation_id, user_id, first_seq) DO NOTHING
      RETURNING id
  ), later AS (
    SELECT consultation_id, min(due_at) AS due_at FROM unread WHERE due_at > v_now GROUP BY consultation_id
  ), moved AS (
    UPDATE publication_cursors c SET
        dirty = later.due_at IS NOT NULL,
        lease_until = later.due_at,
        published_seq = CASE WHEN later.due_at IS NULL THEN h.head_seq ELSE c.published_seq END
      FROM consultation_heads h LEFT JOIN later ON later.consultation_id = h.consultation_id
      WHERE c.consultation_id = ANY (v_ids) AND c.sink = 'mail' AND h.consultation_id = c.consultation_id
  )
  SELECT count(*) INTO v_planned FROM planned;
  RETURN jsonb_build_object('outcome', 'ok', 'planned', v_planned, 'looked', cardinality(v_ids));
END $$;

-- Reading past the message that a mail was sent for ends that burst. What is still unread then is a new one, which no
-- append would tell the planner of.
CREATE FUNCTION plan_rest_of_burst() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM mail_outbox o
    WHERE o.consultation_id = NEW.consultation_id AND o.user_id = NEW.user_id
      AND o.first_seq > OLD.read_up_to_seq AND o.first_seq <= NEW.read_up_to_seq
  ) AND (first_unread(NEW)).seq IS NOT NULL THEN
    -- Also where it is marked already: a planner that has not seen this reading yet may be about to clear the mark.
    UPDATE publication_cursors SET dirty = true WHERE consultation_id = NEW.consultation_id AND sink = 'mail';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER participants_rest_of_burst AFTER UPDATE OF read_up_to_seq ON participants
  FOR EACH ROW WHEN (NEW.read_up_to_seq > OLD.read_up_to_seq) EXECUTE FUNCTION plan_rest_of_burst();

-- ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────
-- A sender holds a mail by a lease with a fence, as a relay holds a consultation: "not_before" is the end of the lease
-- while somebody sends it, and of a pause after a failure.

-- A link opens an account, and with it everything that is in there. So one that a practitioner was shown opens it only
-- while they take part in all of that; the one in a mail is known to its reader alone.
CREATE FUNCTION invitation_is_open(i invitations) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT i.accepted_at IS NULL AND i.expires_at > clock_timestamp()
    AND EXISTS (SELECT FROM users u WHERE u.id = i.user_id AND u.invited_at IS NOT NULL AND u.disabled_at IS NULL)
    AND (i.mailed OR NOT EXISTS (
      SELECT FROM participants p
      WHERE p.user_id = i.user_id AND p.left_at IS NULL AND NOT is_participant(p.consultation_id, i.invited_by)))
$$;

-- Whether its reader still has to be told: mails may have waited for their provider for hours.
CREATE FUNCTION mail_is_wanted(o mail_outbox) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE o.kind
    WHEN 'new-message' THEN can_be_mailed(o.user_id) AND EXISTS (
      SELECT FROM participants p
      WHERE p.consultation_id = o.consultation_id AND p.user_id = o.user_id AND p.left_at IS NULL
        AND p.read_up_to_seq < o.first_seq AND (first_unread(p)).seq IS NOT NULL)
    ELSE EXISTS (SELECT FROM invitations i WHERE i.id = o.invitation_id AND invitation_is_open(i))
  END
$$;

-- Up to p_most mails for this sender. Each claim counts as an attempt, so that a mail which ends its sender is parked
-- in the end too; those parked here are named once, for somebody to look at.
CREATE FUNCTION claim_mail(p_most integer, p_lease_seconds integer, p_most_attempts integer) RETURNS jsonb
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
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
      'id', o.id, 'fence', o.lease_fence, 'kind', o.kind, 'to', u.email, 'consultationId', o.consultation_id,
      'locale', coalesce(f.locale, i.locale), 'createdAt', iso(o.created_at),
      'invitation', CASE WHEN i.id IS NOT NULL THEN
        jsonb_build_object('id', i.id, 'tokenHash', encode(i.token_hash, 'hex'), 'expiresAt', iso(i.expires_at)) END)
    ORDER BY o.created_at), '[]') INTO v_mails
  FROM claimed o
    JOIN users u ON u.id = o.user_id
    LEFT JOIN preferences f ON f.user_id = o.user_id
    LEFT JOIN invitations i ON i.id = o.invitation_id;
  RETURN jsonb_build_object('outcome', 'ok', 'mails', v_mails, 'parked', v_parked, 'looked', cardinality(v_ids));
END $$;

-- May be called again: an answer that was lost must not make the mail go out twice.
CREATE FUNCTION mail_sent(p_id uuid, p_fence integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  UPDATE mail_outbox SET state = 'sent', settled_at = clock_timestamp(), not_before = NULL
    WHERE id = p_id AND lease_fence = p_fence AND state = 'waiting';
  RETURN jsonb_build_object('outcome', 'ok', 'recorded', EXISTS (
    SELECT FROM mail_outbox WHERE id = p_id AND lease_fence = p_fence AND state = 'sent'));
END $$;

-- Simulated: sent and put where it can be read in one transaction, so exactly once.
CREATE FUNCTION simulate_mail(p_id uuid, p_fence integer, p_to text, p_subject text, p_text text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_answer jsonb := mail_sent(p_id, p_fence);
BEGIN
  IF (v_answer->>'recorded')::boolean THEN
    INSERT INTO mail_sink (outbox_id, to_address, subject, text, sent_at)
      VALUES (p_id, p_to, p_subject, p_text, clock_timestamp())
      ON CONFLICT (outbox_id) DO NOTHING;
  END IF;
  RETURN v_answer;
END $$;

-- Not sent. 'provider': nothing was wrong with this mail, the attempt does not count. 'later': again after a pause of
-- 30 seconds, 1, 2, 4 minutes ... at most an hour. 'refused': never again. Answers whether it is parked by this call.
CREATE FUNCTION mail_failed(p_id uuid, p_fence integer, p_reason text, p_most_attempts integer) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_state text;
BEGIN
  UPDATE mail_outbox SET
      attempts = CASE p_reason WHEN 'provider' THEN attempts - 1 ELSE attempts END,
      lease_fence = lease_fence + 1,
      state = CASE WHEN p_reason = 'refused' OR (p_reason = 'later' AND attempts >= p_most_attempts)
                   THEN 'parked' ELSE 'waiting' END,
      settled_at = CASE WHEN p_reason = 'refused' OR (p_reason = 'later' AND attempts >= p_most_attempts)
                        THEN clock_timestamp() END,
      not_before = CASE WHEN p_reason = 'later'
                        THEN clock_timestamp() + least(3600, 30 * power(2, least(attempts - 1, 7))) * interval '1 second' END
    WHERE id = p_id AND lease_fence = p_fence AND state = 'waiting'
    RETURNING state INTO v_state;
  RETURN jsonb_build_object('outcome', 'ok', 'parked', coalesce(v_state = 'parked', false));
END $$;

-- After a month, and only what no burst that is still open depends on.
CREATE FUNCTION prune_mail() RETURNS void LANGUAGE sql AS $$
  DELETE FROM mail_sink WHERE sent_at < clock_timestamp() - interval '30 days';
  DELETE FROM mail_outbox o WHERE o.id IN (
    SELECT id FROM mail_outbox WHERE settled_at < clock_timestamp() - interval '30 days' LIMIT 1000)
    AND (o.first_seq IS NULL OR EXISTS (
      SELECT FROM participants p WHERE p.consultation_id = o.consultation_id AND p.user_id = o.user_id
        AND (p.read_up_to_seq >= o.first_seq OR p.left_at IS NOT NULL)))
$$;

-- ── Preferences ─────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE FUNCTION preferences_json(p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT to_jsonb(f) - 'user_id' FROM (
      SELECT locale, toasts, browser_notifications AS "browserNotifications",
             preview_in_notifications AS "previewInNotifications", sound, mail
      FROM preferences WHERE user_id = p_user) AS f),
    '{"locale": null, "toasts": true, "browserNotifications": false, "previewInNotifications": false, "sound": true, "mail": true}')
$$;

CREATE FUNCTION read_preferences(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN session_is_live(p_session, p_user)
    THEN jsonb_build_object('outcome', 'ok', 'preferences', preferences_json(p_user)) ELSE '{"outcome": "session-ended"}' END
$$;

-- What is missing in p_change stays as it is.
CREATE FUNCTION change_preferences(p_session uuid, p_user uuid, p_change jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  INSERT INTO preferences (user_id) VALUES (p_user) ON CONFLICT (user_id) DO NOTHING;
  UPDATE preferences SET
      locale = CASE WHEN p_change ? 'locale' THEN p_change->>'locale' ELSE locale END,
      toasts = coalesce((p_change->>'toasts')::boolean, toasts),
      browser_notifications = coalesce((p_change->>'browserNotifications')::boolean, browser_notifications),
      preview_in_notifications = coalesce((p_change->>'previewInNotifications')::boolean, preview_in_notifications),
      sound = coalesce((p_change->>'sound')::boolean, sound),
      mail = coalesce((p_change->>'mail')::boolean, mail)
    WHERE user_id = p_user;
  RETURN jsonb_build_object('outcome', 'ok', 'preferences', preferences_json(p_user));
END $$;

-- ── Beginning a consultation ────────────────────────────────────────────────────────────────────────────────────────

-- p_mailed and p_shown: each { id, tokenHash }, for a patient who has no account yet. A practitioner is shown a link
-- only where the account holds nothing that is not theirs to see. Of the patient they learn no more than that.
CREATE FUNCTION create_consultation(
  p_session uuid, p_user uuid, p_id uuid, p_email text, p_name text, p_subject text, p_scheduled_for timestamptz,
  p_locale text, p_mailed jsonb, p_shown jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_request bytea := sha256(convert_to(
    jsonb_build_array(p_email, p_name, p_subject, iso(p_scheduled_for))::text, 'UTF8'));
  v_now timestamptz(3) := clock_timestamp();
  v_expires timestamptz(3) := v_now + interval '7 days';
  v_known consultations;
  v_patient users;
  v_shown boolean := false;
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF NOT EXISTS (SELECT FROM users WHERE id = p_user AND role = 'PRACTITIONER') THEN
    RETURN '{"outcome": "not-allowed"}';
  END IF;

  -- Of two requests with one id the second finds what the first has done.
  PERFORM pg_advisory_xact_lock(hashtextextended(p_id::text, 72707373));
  SELECT * INTO v_known FROM consultations WHERE id = p_id;
  IF FOUND THEN
    IF v_known.created_by = p_user AND v_known.request_hash = v_request AND is_participant(p_id, p_user) THEN
      RETURN jsonb_build_object(
        'outcome', 'repeat', 'consultation', row_json(p_id, p_user),
        -- Only where it is this very call, whose first answer was lost: a later one brings another id.
        'invitation', (
          SELECT jsonb_build_object('expiresAt', iso(i.expires_at)) FROM invitations i
          WHERE i.id = (p_shown->>'id')::uuid AND invitation_is_open(i)));
    END IF;
    RETURN '{"outcome": "id-conflict"}';
  END IF;
  -- Clocks differ, and filling in a form takes its time.
  IF p_scheduled_for < v_now - interval '5 minutes' THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"scheduledFor": "past"}}}';
  END IF;

  -- Held to the end: nobody accepts an invitation in between.
  SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO users (id, email, name, role, password_hash, invited_at)
      VALUES (gen_random_uuid(), p_email, p_name, 'PATIENT', '', v_now)
      ON CONFLICT (email) DO NOTHING;
    SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  END IF;
  IF v_patient.role <> 'PATIENT' OR v_patient.disabled_at IS NOT NULL THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"patientEmail": "not-a-patient"}}}';
  END IF;

  INSERT INTO consultations (id, subject, scheduled_for, created_at, created_by, request_hash)
    VALUES (p_id, p_subject, p_scheduled_for, v_now, p_user, v_request);
  INSERT INTO participants (consultation_id, user_id) VALUES (p_id, p_user), (p_id, v_patient.id);

  IF v_patient.invited_at IS NOT NULL THEN
    INSERT INTO invitations (id, user_id, consultation_id, invited_by, mailed, locale, token_hash, created_at, expires_at)
      SELECT (i.given->>'id')::uuid, v_patient.id, p_id, p_user, i.mailed, p_locale,
             decode(i.given->>'tokenHash', 'hex'), v_now, v_expires
      FROM (VALUES (p_mailed, true), (p_shown, false)) AS i (given, mailed);
    INSERT INTO mail_outbox (id, kind, user_id, consultation_id, invitation_id, created_at)
      VALUES (gen_random_uuid(), 'invitation', v_patient.id, p_id, (p_mailed->>'id')::uuid, v_now);
    SELECT invitation_is_open(i) INTO v_shown FROM invitations i WHERE i.id = (p_shown->>'id')::uuid;
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'created', 'consultation', row_json(p_id, p_user),
    'invitation', CASE WHEN v_shown THEN jsonb_build_object('expiresAt', iso(v_expires)) END);
END $$;

CREATE FUNCTION read_invitation(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT jsonb_build_object('outcome', 'ok', 'name', u.name, 'email', u.email)
     FROM invitations i JOIN users u ON u.id = i.user_id
     WHERE i.token_hash = p_token_hash AND invitation_is_open(i)),
    '{"outcome": "not-found"}')
$$;

-- Once: whoever comes second finds that the account has a password. All links to this account end with that.
CREATE FUNCTION accept_invitation(p_token_hash bytea, p_name text, p_password_hash text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_invitation invitations;
  v_known_hash text;
BEGIN
  SELECT * INTO v_invitation FROM invitations WHERE token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN '{"outcome": "not-found"}'; END IF;
  SELECT password_hash INTO v_known_hash FROM users WHERE id = v_invitation.user_id FOR NO KEY UPDATE;
  -- Hashes are salted: the same one comes from this very call, whose first answer was lost.
  IF v_known_hash <> p_password_hash THEN
    IF NOT EXISTS (SELECT FROM invitations i WHERE i.id = v_invitation.id AND invitation_is_open(i)) THEN
      RETURN '{"outcome": "not-found"}';
    END IF;
    UPDATE invitations SET accepted_at = clock_timestamp() WHERE id = v_invitation.id;
    UPDATE users SET name = p_name, password_hash = p_password_hash, invited_at = NULL WHERE id = v_invitation.user_id;
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'userId', v_invitation.user_id, 'consultationId', v_invitation.consultation_id);
END $$;
