-- Mail to people who are away. The cursor of the mail sink is never held beyond a transaction: its "lease_until" is the
-- time before which there is nothing to plan.

-- ── Planning: who has to be written to ───────────────────────────────────────────────────────────────────────────────

-- Always judged from the state as it is: somebody is written to when the first message that they have not read is older
-- than the delay, counted from their last reading, and no mail is open for them. A mail stays open until they have read
-- past the message that it was sent for: so one burst is one mail, whatever is planned twice or never.

-- The first of others' messages that this participant has not read. Nobody is written to about what they may not read
-- yet.
CREATE OR REPLACE FUNCTION first_unread(p participants, OUT seq integer, OUT created_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT m.seq, m.created_at FROM messages m
  WHERE m.consultation_id = p.consultation_id AND m.seq > p.read_up_to_seq AND p.asked_at IS NULL
    AND m.kind = 'text' AND m.deleted_at IS NULL AND m.sender_id <> p.user_id
  ORDER BY m.seq LIMIT 1
$$;

CREATE OR REPLACE FUNCTION can_be_mailed(p_user uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM users u LEFT JOIN preferences f ON f.user_id = u.id
    WHERE u.id = p_user AND u.disabled_at IS NULL AND u.invited_at IS NULL AND coalesce(f.mail, true))
$$;

-- Up to p_most consultations that nobody else plans and nobody writes to at this moment. The head is locked too: an
-- append that has not committed yet either sees a clean cursor and marks it, or its consultation is left for later.
CREATE OR REPLACE FUNCTION plan_mail(p_delay_seconds integer, p_most integer) RETURNS jsonb LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION plan_rest_of_burst() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A sender holds a mail by a lease with a fence, as a relay holds a consultation: "not_before" is the end of the lease
-- while somebody sends it, and of a pause after a failure.

-- Whether its reader still has to be told: mails may have waited for their provider for hours. Of a changed password
-- its owner is told whatever they prefer.
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

-- Up to p_most mails for this sender. Each claim counts as an attempt, so that a mail which ends its sender is parked
-- in the end too; those parked here are named once, for somebody to look at. "link" is whatever the token of a mail
-- leads to.
CREATE OR REPLACE FUNCTION claim_mail(p_most integer, p_lease_seconds integer, p_most_attempts integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- May be called again: an answer that was lost must not make the mail go out twice.
CREATE OR REPLACE FUNCTION mail_sent(p_id uuid, p_fence integer) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  UPDATE mail_outbox SET state = 'sent', settled_at = clock_timestamp(), not_before = NULL
    WHERE id = p_id AND lease_fence = p_fence AND state = 'waiting';
  RETURN jsonb_build_object('outcome', 'ok', 'recorded', EXISTS (
    SELECT FROM mail_outbox WHERE id = p_id AND lease_fence = p_fence AND state = 'sent'));
END $$;

-- Simulated: sent and put where it can be read in one transaction, so exactly once.
CREATE OR REPLACE FUNCTION simulate_mail(p_id uuid, p_fence integer, p_to text, p_subject text, p_text text)
RETURNS jsonb LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION mail_failed(p_id uuid, p_fence integer, p_reason text, p_most_attempts integer)
RETURNS jsonb LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION prune_mail() RETURNS void LANGUAGE sql AS $$
  DELETE FROM mail_sink WHERE sent_at < clock_timestamp() - interval '30 days';
  DELETE FROM mail_outbox o WHERE o.id IN (
    SELECT id FROM mail_outbox WHERE settled_at < clock_timestamp() - interval '30 days' LIMIT 1000)
    AND (o.first_seq IS NULL OR EXISTS (
      SELECT FROM participants p WHERE p.consultation_id = o.consultation_id AND p.user_id = o.user_id
        AND (p.read_up_to_seq >= o.first_seq OR p.left_at IS NOT NULL)))
$$;
