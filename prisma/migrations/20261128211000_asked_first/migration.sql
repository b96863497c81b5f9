-- Who is asked first. A practitioner who has no consultation with a patient yet asks for one: until the patient accepts it
-- they take no part, and the practitioner learns nothing of them but what they typed themself, also not whether the
-- address belongs to anybody. Links reach the mailbox only, so one of a kind is enough.

-- AlterTable
ALTER TABLE "participants" ADD COLUMN "asked_at" TIMESTAMPTZ(3),
ADD COLUMN "asked_name" TEXT;

-- Before this, whoever had an account took part at once; whoever had none had been asked by an invitation.
UPDATE participants p SET asked_at = p.joined_at, asked_name = u.name
  FROM users u WHERE u.id = p.user_id AND u.invited_at IS NOT NULL;

-- AlterTable
ALTER TABLE "invitations" DROP COLUMN "mailed";

-- Rules that the schema file cannot say.
ALTER TABLE "participants" ADD CONSTRAINT "participants_asked" CHECK (("asked_at" IS NULL) = ("asked_name" IS NULL));

-- ── Who takes part ──────────────────────────────────────────────────────────────────────────────────────────────────

-- Whatever is allowed to participants is not to whoever was asked only: every command and every reading comes by here.
CREATE OR REPLACE FUNCTION is_participant(p_consultation uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL AND p.asked_at IS NULL)
$$;

CREATE FUNCTION is_asked(p_consultation uuid, p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL AND p.asked_at IS NOT NULL)
$$;

-- Whether these two need no asking.
CREATE FUNCTION know_each_other(p_user uuid, p_other uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM participants p
    WHERE p.user_id = p_user AND is_participant(p.consultation_id, p_user) AND is_participant(p.consultation_id, p_other))
$$;

-- ── Protocol shapes ─────────────────────────────────────────────────────────────────────────────────────────────────

-- A person as a consultation knows them: of one who was asked and has not accepted (yet, or ever) what was typed.
CREATE FUNCTION person_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', u.id, 'role', u.role,
    'name', coalesce(p.asked_name, u.name),
    'image', CASE WHEN p.asked_at IS NULL THEN u.image END)
  FROM users u LEFT JOIN participants p ON p.consultation_id = p_consultation AND p.user_id = u.id
  WHERE u.id = p_user
$$;

-- Nothing of somebody who takes no part (yet, or any more), nor for such a reader.
CREATE FUNCTION presence_in_json(p_consultation uuid, p_user uuid, p_reader uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN is_participant(p_consultation, p_user) AND is_participant(p_consultation, p_reader) THEN presence_json(p_user)
    ELSE '{"online": false, "lastActiveAt": null}' END
$$;

CREATE FUNCTION system_json(p_system jsonb, p_consultation uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'type', p_system->'type', 'actor', person_json(p_consultation, (p_system->>'actorId')::uuid))
    || CASE p_system->>'type'
         WHEN 'consultation-completed' THEN jsonb_build_object('closingNote', line_ends(p_system->>'closingNote'))
         WHEN 'consultation-closing' THEN jsonb_build_object('closesAt', p_system->'closesAt')
         WHEN 'user-joined' THEN jsonb_build_object('user', person_json(p_consultation, (p_system->>'userId')::uuid))
         WHEN 'user-left' THEN
           jsonb_strip_nulls(jsonb_build_object('invitation', p_system->'invitation'))
           || jsonb_build_object('user', person_json(p_consultation, (p_system->>'userId')::uuid))
         ELSE '{}' END
$$;

CREATE OR REPLACE FUNCTION message_json(m messages) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
      'id', m.id, 'seq', m.seq, 'rev', m.rev, 'kind', m.kind, 'content', line_ends(m.content),
      'sender', CASE WHEN m.sender_id IS NOT NULL THEN user_json(m.sender_id) END,
      'replyTo', CASE WHEN m.reply_to_id IS NOT NULL AND m.deleted_at IS NULL THEN reply_json(m.reply_to_id) END,
      'attachments', '[]'::jsonb,
      'reactions', CASE WHEN m.rev > m.seq AND m.deleted_at IS NULL THEN reactions_json(m.id) ELSE '[]' END,
      'createdAt', iso(m.created_at), 'editedAt', iso(m.edited_at), 'deletedAt', iso(m.deleted_at))
    || CASE WHEN m.system IS NOT NULL
         THEN jsonb_build_object('system', system_json(m.system, m.consultation_id)) ELSE '{}' END
$$;

CREATE OR REPLACE FUNCTION event_data_json(e events) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  CASE e.type
    WHEN 'message-deleted' THEN
      RETURN jsonb_build_object('messageId', e.message_id, 'rev', e.seq, 'deletedAt', iso(e.at));
    WHEN 'reaction-added', 'reaction-removed' THEN
      RETURN jsonb_build_object(
        'messageId', e.message_id, 'rev', e.seq, 'userId', e.actor_id, 'emoji', e.data->'emoji');
    WHEN 'user-joined', 'user-left' THEN
      RETURN jsonb_build_object(
        'user', person_json(e.consultation_id, (e.data->>'userId')::uuid),
        'message', (SELECT message_json(m) FROM messages m WHERE m.id = e.message_id));
    ELSE
      RETURN e.data || jsonb_build_object('message', (SELECT message_json(m) FROM messages m WHERE m.id = e.message_id));
  END CASE;
END $$;

CREATE OR REPLACE FUNCTION counterpart_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT person_json(p_consultation, u.id) || presence_in_json(p_consultation, u.id, p_user)
  FROM participants p JOIN users u ON u.id = p.user_id
  WHERE p.consultation_id = p_consultation AND p.user_id <> p_user
  ORDER BY
    (p.left_at IS NULL) DESC,
    (u.role = CASE (SELECT role FROM users WHERE id = p_user) WHEN 'PRACTITIONER' THEN 'PATIENT' ELSE 'PRACTITIONER' END::"Role") DESC,
    p.joined_at, u.id
  LIMIT 1
$$;

-- The newest invitation of somebody who was asked and has not answered yet; null: nothing is asked of them.
CREATE OR REPLACE FUNCTION invitation_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('invitedAt', iso(i.created_at), 'expiresAt', iso(i.expires_at))
  FROM invitations i
  WHERE i.consultation_id = p_consultation AND i.user_id = p_user AND is_asked(p_consultation, p_user)
  ORDER BY i.created_at DESC LIMIT 1
$$;

-- As before for participants. Whoever is asked sees who asks and what about, and nothing that only participants see.
CREATE OR REPLACE FUNCTION row_json(p_consultation uuid, p_user uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', c.id, 'status', c.status, 'subject', c.subject, 'scheduledFor', iso(c.scheduled_for),
    'counterpart', counterpart_json(c.id, p_user))
  || CASE WHEN p.asked_at IS NOT NULL THEN jsonb_build_object(
    'request', jsonb_build_object('askedAt', iso(p.asked_at)),
    'othersCount', 1, 'invitation', NULL, 'lastMessage', NULL, 'unreadCount', 0,
    'lastActivityAt', iso(p.asked_at), 'headSeq', 0, 'readUpToSeq', 0)
  ELSE jsonb_build_object(
    'othersCount', (
      SELECT count(*) FROM participants o WHERE o.consultation_id = c.id AND o.user_id <> p_user AND o.left_at IS NULL),
    'invitation', (
      SELECT jsonb_build_object('userId', o.user_id) || invitation_json(c.id, o.user_id)
      FROM participants o
      WHERE o.consultation_id = c.id AND o.left_at IS NULL AND o.asked_at IS NOT NULL
      ORDER BY o.joined_at, o.user_id LIMIT 1),
    'lastMessage', (
      SELECT jsonb_build_object('id', m.id, 'seq', m.seq, 'senderId', m.sender_id, 'senderName', u.name,
                                'preview', preview_of(m.content),
                                'createdAt', iso(m.created_at))
      FROM messages m JOIN users u ON u.id = m.sender_id
      WHERE m.consultation_id = c.id AND m.kind = 'text' AND m.deleted_at IS NULL
      ORDER BY m.seq DESC LIMIT 1),
    'unreadCount', (
      SELECT count(*) FROM messages m
      WHERE m.consultation_id = c.id AND m.seq > p.read_up_to_seq
        AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p_user),
    'lastActivityAt', iso(h.last_event_at), 'headSeq', h.head_seq, 'readUpToSeq', p.read_up_to_seq) END
  FROM participants p
    JOIN consultations c ON c.id = p.consultation_id
    JOIN consultation_heads h ON h.consultation_id = c.id
  WHERE p.consultation_id = p_consultation AND p.user_id = p_user AND p.left_at IS NULL
$$;

CREATE OR REPLACE FUNCTION list_consultations(p_session uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  RETURN (
    SELECT jsonb_build_object('outcome', 'ok', 'consultations', coalesce(jsonb_agg(
      row_json(p.consultation_id, p_user) ORDER BY coalesce(p.asked_at, h.last_event_at) DESC, p.consultation_id), '[]'))
    FROM participants p JOIN consultation_heads h ON h.consultation_id = p.consultation_id
    WHERE p.user_id = p_user AND p.left_at IS NULL);
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
          'startedAt', iso(c.started_at), 'endedAt', iso(c.ended_at), 'closesAt', iso(c.closes_at)),
        'participants', (
          SELECT coalesce(jsonb_agg(
              jsonb_build_object(
                'user', person_json(c.id, p.user_id), 'position', position_json(p),
                'invitation', invitation_json(c.id, p.user_id)) || presence_in_json(c.id, p.user_id, p_user)
            ORDER BY p.joined_at, p.user_id), '[]')
          FROM participants p WHERE p.consultation_id = c.id AND p.left_at IS NULL),
        'headSeq', h.head_seq, 'epoch', current_epoch(), 'serverTime', iso(clock_timestamp()))
      || messages_page(c.id, NULL, 50)
      || push_json(c.id)
    FROM consultations c JOIN consultation_heads h ON h.consultation_id = c.id
    WHERE c.id = p_consultation);
END $$;

-- ── What is told ────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE OR REPLACE FUNCTION counterparts_online(p_user uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT DISTINCT other.user_id
  FROM participants mine
    JOIN consultations c ON c.id = mine.consultation_id AND c.status IN ('SCHEDULED', 'IN_PROGRESS')
    JOIN participants other ON other.consultation_id = c.id AND other.user_id <> p_user
      AND other.left_at IS NULL AND other.asked_at IS NULL
  WHERE mine.user_id = p_user AND mine.left_at IS NULL AND mine.asked_at IS NULL AND is_online(other.user_id)
$$;

-- As before, and whoever is asked gets their row, but no word of what is written there.
CREATE OR REPLACE FUNCTION notices_of(
  p_consultation uuid, p_first integer, p_last integer, p_everybody boolean, p_readers uuid[], p_most integer
) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH present AS (
    SELECT p.user_id, p.read_up_to_seq, p.asked_at FROM participants p
    WHERE p.consultation_id = p_consultation AND p.left_at IS NULL
  ), readers AS (
    SELECT user_id, read_up_to_seq FROM present WHERE asked_at IS NULL
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
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM readers
                   WHERE user_id <> w.sender_id AND read_up_to_seq < w.seq))
        ORDER BY w.seq), '[]')
      FROM (SELECT * FROM published WHERE type = 'new-message' AND kind = 'text' AND deleted_at IS NULL
            ORDER BY seq DESC LIMIT p_most) AS w
        JOIN users u ON u.id = w.sender_id),
    'changed', (
      SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
          'messageId', c.id, 'preview', preview_of(c.content),
          'tell', (SELECT coalesce(jsonb_agg(user_id), '[]') FROM readers WHERE user_id <> c.sender_id))), '[]')
      FROM published c WHERE c.type IN ('message-edited', 'message-deleted') AND c.kind = 'text'),
    'removed', (
      SELECT coalesce(jsonb_agg(DISTINCT r.data->'userId'), '[]')
      FROM published r WHERE r.type = 'user-left' AND (r.data->>'userId')::uuid NOT IN (SELECT user_id FROM present)))
$$;

-- Nobody is written to about what they may not read yet.
CREATE OR REPLACE FUNCTION first_unread(p participants, OUT seq integer, OUT created_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT m.seq, m.created_at FROM messages m
  WHERE m.consultation_id = p.consultation_id AND m.seq > p.read_up_to_seq AND p.asked_at IS NULL
    AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p.user_id
  ORDER BY m.seq LIMIT 1
$$;

-- ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE OR REPLACE FUNCTION invitation_is_open(i invitations) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT i.accepted_at IS NULL AND i.expires_at > clock_timestamp() AND is_asked(i.consultation_id, i.user_id)
    AND EXISTS (SELECT FROM users u WHERE u.id = i.user_id AND u.disabled_at IS NULL)
$$;

-- A link for whoever is asked, and the mail that brings it.
CREATE FUNCTION add_invitation(p_link jsonb, p_user uuid, p_consultation uuid, p_invited_by uuid, p_locale text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
BEGIN
  INSERT INTO invitations (id, user_id, consultation_id, invited_by, locale, token_hash, created_at, expires_at)
    VALUES ((p_link->>'id')::uuid, p_user, p_consultation, p_invited_by, p_locale,
            decode(p_link->>'tokenHash', 'hex'), v_now, v_now + interval '7 days');
  INSERT INTO mail_outbox (id, kind, user_id, consultation_id, invitation_id, created_at)
    VALUES (gen_random_uuid(), 'invitation', p_user, p_consultation, (p_link->>'id')::uuid, v_now);
END $$;

-- p_link: { id, tokenHash }. Between people who know each other it goes on at once. For everybody else the patient is
-- asked, whether the address was known before or is new: the answer is the same.
CREATE FUNCTION create_consultation(
  p_session uuid, p_user uuid, p_id uuid, p_email text, p_name text, p_subject text, p_scheduled_for timestamptz,
  p_locale text, p_link jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_request bytea := sha256(convert_to(
    jsonb_build_array(p_email, p_name, p_subject, iso(p_scheduled_for))::text, 'UTF8'));
  v_now timestamptz(3) := clock_timestamp();
  v_known consultations;
  v_patient users;
  v_friends boolean;
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
          WHERE i.id = (p_link->>'id')::uuid AND invitation_is_open(i)));
    END IF;
    RETURN '{"outcome": "id-conflict"}';
  END IF;
  -- Clocks differ, and filling in a form takes its time.
  IF p_scheduled_for < v_now - interval '5 minutes' THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"scheduledFor": "past"}}}';
  END IF;

  -- Held to the end: nobody accepts anything in between.
  SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO users (id, email, name, role, password_hash, invited_at)
      VALUES (gen_random_uuid(), p_email, p_name, 'PATIENT', '', v_now)
      ON CONFLICT (email) DO NOTHING;
    SELECT * INTO v_patient FROM users WHERE email = p_email FOR NO KEY UPDATE;
  END IF;
  v_friends := know_each_other(p_user, v_patient.id);
  IF v_patient.role <> 'PATIENT' OR (v_friends AND v_patient.disabled_at IS NOT NULL) THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"patientEmail": "not-a-patient"}}}';
  END IF;

  INSERT INTO consultations (id, subject, scheduled_for, created_at, created_by, request_hash)
    VALUES (p_id, p_subject, p_scheduled_for, v_now, p_user, v_request);
  INSERT INTO participants (consultation_id, user_id, asked_at, asked_name) VALUES
    (p_id, p_user, NULL, NULL),
    (p_id, v_patient.id, CASE WHEN NOT v_friends THEN v_now END, CASE WHEN NOT v_friends THEN p_name END);
  IF NOT v_friends THEN PERFORM add_invitation(p_link, v_patient.id, p_id, p_user, p_locale); END IF;
  RETURN jsonb_build_object(
    'outcome', 'created', 'consultation', row_json(p_id, p_user),
    'invitation', (
      SELECT jsonb_build_object('expiresAt', iso(i.expires_at)) FROM invitations i WHERE i.id = (p_link->>'id')::uuid));
END $$;

-- For processes of an earlier version: their patient gets the mail, they are shown no link.
CREATE OR REPLACE FUNCTION create_consultation(
  p_session uuid, p_user uuid, p_id uuid, p_email text, p_name text, p_subject text, p_scheduled_for timestamptz,
  p_locale text, p_mailed jsonb, p_shown jsonb
) RETURNS jsonb LANGUAGE sql AS $$
  SELECT create_consultation(
    p_session, p_user, p_id, p_email, p_name, p_subject, p_scheduled_for, p_locale, p_mailed) || '{"invitation": null}'
$$;

-- Whoever holds a link learns who asks for what, and of a request that was taken back that it was. "account": whether
-- its owner signs in to answer, or makes the account first.
CREATE OR REPLACE FUNCTION read_invitation(p_token_hash bytea) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT CASE
       WHEN invitation_is_open(i) THEN jsonb_build_object(
         'outcome', 'ok', 'userId', u.id, 'account', u.invited_at IS NULL, 'name', p.asked_name, 'email', u.email,
         'inviter', jsonb_build_object('name', inviter.name, 'role', inviter.role),
         'subject', c.subject, 'status', c.status, 'scheduledFor', iso(c.scheduled_for))
       WHEN p.asked_at IS NOT NULL AND p.left_at IS NOT NULL AND NOT EXISTS (
         SELECT FROM messages m
         WHERE m.consultation_id = c.id AND m.system->>'invitation' = 'declined' AND (m.system->>'userId')::uuid = u.id
       ) THEN '{"outcome": "not-found", "details": {"reason": "withdrawn"}}'
     END
     FROM invitations i
       JOIN users u ON u.id = i.user_id
       JOIN users inviter ON inviter.id = i.invited_by
       JOIN consultations c ON c.id = i.consultation_id
       JOIN participants p ON p.consultation_id = c.id AND p.user_id = u.id
     WHERE i.token_hash = p_token_hash),
    '{"outcome": "not-found"}')
$$;

-- ── Answering ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- Whoever answers has locked the account first and takes turns after it, in one order, as all who ask do.

-- p_user, who was asked to this consultation, accepts, and with it whatever else the same practitioners have asked: they
-- know each other from now on. "appended": what each consultation has got.
CREATE FUNCTION accept_asked(p_consultation uuid, p_user uuid, p_relay uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_ids uuid[];
  v_id uuid;
  v_turn record;
  v_appended jsonb := '[]';
BEGIN
  -- From here on nobody is taken out of any of them.
  SELECT coalesce(array_agg(locked.consultation_id), '{}') INTO v_ids FROM (
    SELECT h.consultation_id FROM consultation_heads h
    WHERE h.consultation_id IN (
      SELECT i.consultation_id FROM invitations i
      WHERE i.user_id = p_user AND is_asked(i.consultation_id, p_user) AND i.invited_by IN (
        SELECT own.invited_by FROM invitations own WHERE own.consultation_id = p_consultation AND own.user_id = p_user))
    ORDER BY h.consultation_id FOR NO KEY UPDATE
  ) AS locked;
  FOREACH v_id IN ARRAY v_ids LOOP
    CONTINUE WHEN NOT is_asked(v_id, p_user);
    SELECT * INTO v_turn FROM take_turn(v_id);
    -- Later than everybody's, as add_participant() has it: in the order of the log.
    UPDATE participants SET asked_at = NULL, asked_name = NULL, joined_at = (
        SELECT greatest(v_turn.at, max(joined_at) + interval '1 millisecond')
        FROM participants WHERE consultation_id = v_id)
      WHERE consultation_id = v_id AND user_id = p_user;
    UPDATE invitations SET accepted_at = clock_timestamp()
      WHERE consultation_id = v_id AND user_id = p_user AND accepted_at IS NULL;
    v_appended := v_appended || append_line(
      v_id, v_turn.next_seq, v_turn.at, 'user-joined', p_user, new_message_id(),
      jsonb_build_object('type', 'user-joined', 'userId', p_user), jsonb_build_object('userId', p_user), p_relay);
  END LOOP;
  RETURN v_appended;
END $$;

-- By somebody who has no password yet, with the link that reached their mailbox. Others who have asked go on waiting:
-- they are answered one by one.
CREATE OR REPLACE FUNCTION accept_invitation(p_token_hash bytea, p_name text, p_password_hash text, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invitation invitations;
  v_user users;
  v_appended jsonb := '[]';
BEGIN
  SELECT * INTO v_invitation FROM invitations WHERE token_hash = p_token_hash;
  IF NOT FOUND THEN RETURN '{"outcome": "not-found"}'; END IF;
  SELECT * INTO v_user FROM users WHERE id = v_invitation.user_id FOR NO KEY UPDATE;
  -- Hashes are salted: the same one comes from this very call, whose first answer was lost.
  IF v_user.password_hash <> p_password_hash THEN
    IF v_user.invited_at IS NULL THEN RETURN '{"outcome": "not-found"}'; END IF;
    PERFORM take_turn(v_invitation.consultation_id);
    IF NOT EXISTS (SELECT FROM invitations i WHERE i.id = v_invitation.id AND invitation_is_open(i)) THEN
      RETURN read_invitation(p_token_hash);
    END IF;
    UPDATE users SET name = p_name, password_hash = p_password_hash, invited_at = NULL WHERE id = v_user.id;
    v_appended := accept_asked(v_invitation.consultation_id, v_user.id, p_relay);
  END IF;
  RETURN jsonb_build_object(
    'outcome', 'ok', 'userId', v_user.id, 'consultationId', v_invitation.consultation_id, 'appended', v_appended);
END $$;

-- By somebody who is signed in. What was answered already is no change; who declined is asked anew only in another
-- consultation. A participant has nothing to decline.
CREATE FUNCTION answer_request(p_session uuid, p_user uuid, p_consultation uuid, p_accepted boolean, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
BEGIN
  PERFORM FROM users WHERE id = p_user FOR NO KEY UPDATE;
  IF NOT session_is_live(p_session, p_user) THEN RETURN '{"outcome": "session-ended"}'; END IF;
  IF p_accepted THEN
    IF is_participant(p_consultation, p_user) THEN RETURN '{"outcome": "ok", "appended": []}'; END IF;
    IF NOT is_asked(p_consultation, p_user) THEN RETURN '{"outcome": "not-found"}'; END IF;
    RETURN jsonb_build_object('outcome', 'ok', 'appended', accept_asked(p_consultation, p_user, p_relay));
  END IF;

  SELECT * INTO v_turn FROM take_turn(p_consultation);
  IF is_participant(p_consultation, p_user) THEN RETURN '{"outcome": "invitation-closed"}'; END IF;
  IF NOT is_asked(p_consultation, p_user) THEN
    RETURN CASE
      WHEN EXISTS (SELECT FROM participants
                   WHERE consultation_id = p_consultation AND user_id = p_user AND asked_at IS NOT NULL)
        THEN '{"outcome": "ok", "appended": []}'::jsonb
      ELSE '{"outcome": "not-found"}' END;
  END IF;
  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = p_user;
  RETURN jsonb_build_object('outcome', 'ok', 'appended', jsonb_build_array(append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', p_user, 'invitation', 'declined'),
    jsonb_build_object('userId', p_user), p_relay)));
END $$;

-- ── Asking again, and taking it back ────────────────────────────────────────────────────────────────────────────────

-- Writes to them again, with a new link that is good for another week; earlier ones go on until they end. A mail that
-- has not left yet is replaced.
CREATE FUNCTION renew_invitation(p_session uuid, p_user uuid, p_consultation uuid, p_locale text, p_link jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_refusal jsonb;
BEGIN
  PERFORM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.id IS NULL OR NOT is_asked(p_consultation, v_invited.id) THEN
    RETURN '{"outcome": "invitation-closed"}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  -- Known already: this very call, whose first answer was lost.
  IF NOT EXISTS (SELECT FROM invitations WHERE id = (p_link->>'id')::uuid) THEN
    DELETE FROM mail_outbox o USING invitations i
      WHERE i.id = o.invitation_id AND i.consultation_id = p_consultation
        AND o.state = 'waiting' AND (o.not_before IS NULL OR o.not_before <= clock_timestamp());
    PERFORM add_invitation(p_link, v_invited.id, p_consultation, p_user, p_locale);
  END IF;
  RETURN jsonb_build_object('outcome', 'ok', 'invitation', invitation_json(p_consultation, v_invited.id));
END $$;

-- For processes of an earlier version.
CREATE OR REPLACE FUNCTION renew_invitation(
  p_session uuid, p_user uuid, p_consultation uuid, p_locale text, p_mailed jsonb, p_shown jsonb
) RETURNS jsonb LANGUAGE sql AS $$
  SELECT renew_invitation(p_session, p_user, p_consultation, p_locale, p_mailed) || '{"shown": false}'
$$;

-- Takes out whoever has not answered yet; with that no link of this consultation opens anything. Their sockets need no
-- ending, and pushes no hints: nothing of it ever reached them.
CREATE OR REPLACE FUNCTION withdraw_invitation(p_session uuid, p_user uuid, p_consultation uuid, p_relay uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_invited users := lock_invited(p_consultation);
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;
  IF v_invited.id IS NULL OR EXISTS (
    SELECT FROM participants WHERE consultation_id = p_consultation AND user_id = v_invited.id AND asked_at IS NULL
  ) THEN
    RETURN '{"outcome": "invitation-closed"}';
  END IF;
  IF NOT is_asked(p_consultation, v_invited.id) THEN RETURN '{"outcome": "unchanged", "event": null}'; END IF;

  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = v_invited.id;
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', v_invited.id, 'invitation', 'withdrawn'),
    jsonb_build_object('userId', v_invited.id), p_relay);
END $$;

-- As before, also of somebody who was asked only: to a practitioner who removes them they are one of the people here.
CREATE OR REPLACE FUNCTION remove_participant(
  p_session uuid, p_user uuid, p_consultation uuid, p_removed uuid, p_relay uuid
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_turn record;
  v_refusal jsonb;
BEGIN
  SELECT * INTO v_turn FROM take_turn(p_consultation);
  v_refusal := refusal_of_leading(p_session, p_user, p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  IF NOT is_participant(p_consultation, p_removed) AND NOT is_asked(p_consultation, p_removed) THEN
    RETURN CASE
      WHEN EXISTS (SELECT FROM participants WHERE consultation_id = p_consultation AND user_id = p_removed)
        THEN '{"outcome": "unchanged", "event": null}'::jsonb
      ELSE '{"outcome": "not-found"}' END;
  END IF;
  IF is_practitioner(p_removed) AND NOT EXISTS (
    SELECT FROM participants p JOIN users u ON u.id = p.user_id
    WHERE p.consultation_id = p_consultation AND p.left_at IS NULL AND p.user_id <> p_removed
      AND u.role = 'PRACTITIONER' AND u.disabled_at IS NULL
  ) THEN
    RETURN '{"outcome": "validation-failed", "details": {"fields": {"userId": "last-practitioner"}}}';
  END IF;
  v_refusal := refusal_of_membership_change(p_consultation);
  IF v_refusal IS NOT NULL THEN RETURN v_refusal; END IF;

  UPDATE participants SET left_at = v_turn.at WHERE consultation_id = p_consultation AND user_id = p_removed;
  UPDATE publication_cursors SET hints_only = true WHERE consultation_id = p_consultation AND sink = 'pusher';
  RETURN append_line(
    p_consultation, v_turn.next_seq, v_turn.at, 'user-left', p_user, new_message_id(),
    jsonb_build_object('type', 'user-left', 'userId', p_removed), jsonb_build_object('userId', p_removed), p_relay);
END $$;
