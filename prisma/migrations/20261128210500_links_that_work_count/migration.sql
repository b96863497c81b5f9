-- As before, and only links that still work stand in the way of another: whoever has just used one, or changed the
-- password in between, has none left in the mailbox to go back to.
CREATE OR REPLACE FUNCTION request_password_reset(p_email text, p_locale text, p_id uuid, p_token_hash bytea) RETURNS jsonb
LANGUAGE plpgsql AS $$
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
