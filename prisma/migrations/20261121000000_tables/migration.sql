-- The tables, as prisma/schema.prisma has them, and what that file cannot say. Functions are in prisma/functions; only
-- those that a trigger runs are there before this is applied.

CREATE TYPE "Role" AS ENUM ('PATIENT', 'PRACTITIONER', 'INTERPRETER');
CREATE TYPE "ConsultationStatus" AS ENUM ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED');
CREATE TYPE "MessageKind" AS ENUM ('text', 'system');

CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "Role" NOT NULL,
    "image" TEXT,
    "password_hash" TEXT NOT NULL,
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "invited_at" TIMESTAMPTZ(3),

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "last_seen_at" TIMESTAMPTZ(3),
    "user_agent" TEXT,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "password_resets" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "password_resets_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "consultations" (
    "id" UUID NOT NULL,
    "subject" TEXT NOT NULL,
    "status" "ConsultationStatus" NOT NULL DEFAULT 'SCHEDULED',
    "scheduled_for" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "closes_at" TIMESTAMPTZ(3),
    "closing_by" UUID,
    "closing_note" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" UUID,
    "request_hash" BYTEA,

    CONSTRAINT "consultations_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "consultation_heads" (
    "consultation_id" UUID NOT NULL,
    "head_seq" INTEGER NOT NULL DEFAULT 0,
    "last_event_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "consultation_heads_pkey" PRIMARY KEY ("consultation_id")
);

CREATE TABLE "participants" (
    "consultation_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "left_at" TIMESTAMPTZ(3),
    "asked_at" TIMESTAMPTZ(3),
    "asked_name" TEXT,
    "delivered_up_to_seq" INTEGER NOT NULL DEFAULT 0,
    "delivered_at" TIMESTAMPTZ(3),
    "read_up_to_seq" INTEGER NOT NULL DEFAULT 0,
    "read_at" TIMESTAMPTZ(3),

    CONSTRAINT "participants_pkey" PRIMARY KEY ("consultation_id","user_id")
);

CREATE TABLE "messages" (
    "id" UUID NOT NULL,
    "consultation_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "rev" INTEGER NOT NULL,
    "kind" "MessageKind" NOT NULL DEFAULT 'text',
    "content" TEXT,
    "sender_id" UUID,
    "reply_to_id" UUID,
    "body_hash" BYTEA,
    "system" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "edited_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "messages_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "reactions" (
    "message_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "emoji" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("message_id","user_id","emoji")
);

CREATE TABLE "message_revisions" (
    "message_id" UUID NOT NULL,
    "rev" INTEGER NOT NULL,
    "content" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_revisions_pkey" PRIMARY KEY ("message_id","rev")
);

CREATE TABLE "events" (
    "consultation_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "actor_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "message_id" UUID,
    "data" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "events_pkey" PRIMARY KEY ("consultation_id","seq")
);

CREATE TABLE "publication_cursors" (
    "consultation_id" UUID NOT NULL,
    "sink" TEXT NOT NULL,
    "published_seq" INTEGER NOT NULL DEFAULT 0,
    "dirty" BOOLEAN NOT NULL DEFAULT false,
    "lease_owner" UUID,
    "lease_fence" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "hints_only" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "publication_cursors_pkey" PRIMARY KEY ("consultation_id","sink")
);

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

CREATE TABLE "invitations" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "consultation_id" UUID NOT NULL,
    "invited_by" UUID NOT NULL,
    "locale" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "mail_outbox" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "consultation_id" UUID,
    "first_seq" INTEGER,
    "invitation_id" UUID,
    "reset_id" UUID,
    "locale" TEXT,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lease_fence" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "mail_outbox_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "mail_sink" (
    "outbox_id" UUID NOT NULL,
    "to_address" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mail_sink_pkey" PRIMARY KEY ("outbox_id")
);

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

CREATE TABLE "presence_sweeps" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "begun_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "presence_sweeps_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "log_identity" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "restores" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "log_identity_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "channels_registration" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "app_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channels_registration_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "users_email_key" ON "users"("email");
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");
CREATE UNIQUE INDEX "password_resets_token_hash_key" ON "password_resets"("token_hash");
CREATE INDEX "password_resets_user_id_idx" ON "password_resets"("user_id");
CREATE INDEX "participants_user_id_idx" ON "participants"("user_id");
CREATE INDEX "messages_reply_to_id_idx" ON "messages"("reply_to_id");
CREATE UNIQUE INDEX "messages_consultation_id_seq_key" ON "messages"("consultation_id", "seq");
CREATE INDEX "events_message_id_idx" ON "events"("message_id");
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations"("token_hash");
CREATE INDEX "invitations_user_id_idx" ON "invitations"("user_id");
CREATE UNIQUE INDEX "mail_outbox_consultation_id_user_id_first_seq_key" ON "mail_outbox"("consultation_id", "user_id", "first_seq");
CREATE INDEX "mail_sink_sent_at_idx" ON "mail_sink"("sent_at");

ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "password_resets" ADD CONSTRAINT "password_resets_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_created_by_fkey" FOREIGN KEY ("created_by") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_closing_by_fkey" FOREIGN KEY ("closing_by") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "consultation_heads" ADD CONSTRAINT "consultation_heads_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "participants" ADD CONSTRAINT "participants_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "participants" ADD CONSTRAINT "participants_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "messages" ADD CONSTRAINT "messages_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "messages" ADD CONSTRAINT "messages_sender_id_fkey" FOREIGN KEY ("sender_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "messages" ADD CONSTRAINT "messages_reply_to_id_fkey" FOREIGN KEY ("reply_to_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "message_revisions" ADD CONSTRAINT "message_revisions_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "events" ADD CONSTRAINT "events_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "events" ADD CONSTRAINT "events_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "messages"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "publication_cursors" ADD CONSTRAINT "publication_cursors_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "preferences" ADD CONSTRAINT "preferences_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_fkey" FOREIGN KEY ("invited_by") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_consultation_id_fkey" FOREIGN KEY ("consultation_id") REFERENCES "consultations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_invitation_id_fkey" FOREIGN KEY ("invitation_id") REFERENCES "invitations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_reset_id_fkey" FOREIGN KEY ("reset_id") REFERENCES "password_resets"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "user_presence" ADD CONSTRAINT "user_presence_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- ── Rules that the schema file cannot say ────────────────────────────────────────────────────────────────────────────

ALTER TABLE "users" ADD CONSTRAINT "users_email_lower" CHECK ("email" = lower("email"));
ALTER TABLE "consultations" ADD CONSTRAINT "consultations_closing" CHECK (
  CASE
    WHEN "closes_at" IS NULL THEN "closing_by" IS NULL AND "closing_note" IS NULL
    ELSE "closing_by" IS NOT NULL AND "status" = 'IN_PROGRESS'
  END
);
ALTER TABLE "participants" ADD CONSTRAINT "participants_asked" CHECK (("asked_at" IS NULL) = ("asked_name" IS NULL));
ALTER TABLE "participants" ADD CONSTRAINT "participants_read_implies_delivered"
  CHECK ("delivered_up_to_seq" >= "read_up_to_seq" AND "read_up_to_seq" >= 0);
ALTER TABLE "messages" ADD CONSTRAINT "messages_rev_from_seq" CHECK ("rev" >= "seq" AND "seq" > 0);
ALTER TABLE "messages" ADD CONSTRAINT "messages_body" CHECK (
  CASE "kind"
    WHEN 'text' THEN "sender_id" IS NOT NULL AND "body_hash" IS NOT NULL AND "system" IS NULL
      AND ("content" IS NULL) = ("deleted_at" IS NOT NULL)
    ELSE "sender_id" IS NULL AND "content" IS NULL AND "system" IS NOT NULL
  END
);
ALTER TABLE "publication_cursors" ADD CONSTRAINT "publication_cursors_sink" CHECK ("sink" IN ('pusher', 'mail'));
ALTER TABLE "preferences" ADD CONSTRAINT "preferences_locale" CHECK ("locale" IN ('de', 'en'));
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_locale" CHECK ("locale" IN ('de', 'en'));
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_state" CHECK ("state" IN ('waiting', 'sent', 'parked'));
ALTER TABLE "mail_outbox" ADD CONSTRAINT "mail_outbox_kind" CHECK (
  ("first_seq" IS NOT NULL) = ("kind" = 'new-message')
  AND ("invitation_id" IS NOT NULL) = ("kind" = 'invitation')
  AND ("reset_id" IS NOT NULL) = ("kind" = 'password-reset')
  AND ("consultation_id" IS NOT NULL) = ("kind" IN ('new-message', 'invitation'))
  AND "kind" IN ('new-message', 'invitation', 'password-reset', 'password-changed')
);
ALTER TABLE "presence_sweeps" ADD CONSTRAINT "presence_sweeps_one_row" CHECK ("id" = 1);
ALTER TABLE "log_identity" ADD CONSTRAINT "log_identity_one_row" CHECK ("id" = 1);
ALTER TABLE "channels_registration" ADD CONSTRAINT "channels_registration_one_row" CHECK ("id" = 1);

-- Every relay asks each second what is due.
CREATE INDEX "consultations_closes_at_idx" ON "consultations" ("closes_at") WHERE "closes_at" IS NOT NULL;
-- The relay's sweep looks at what is behind only.
CREATE INDEX "publication_cursors_dirty_idx" ON "publication_cursors" ("sink", "lease_until") WHERE "dirty";
CREATE INDEX "mail_outbox_waiting_idx" ON "mail_outbox" ("not_before") WHERE "state" = 'waiting';

-- ── Triggers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TRIGGER consultations_open_log AFTER INSERT ON consultations FOR EACH ROW EXECUTE FUNCTION open_log();

-- The log and what was said before an edit only grow.
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_revisions_append_only BEFORE UPDATE OR DELETE ON message_revisions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER message_revisions_no_truncate BEFORE TRUNCATE ON message_revisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER participants_rest_of_burst AFTER UPDATE OF read_up_to_seq ON participants
  FOR EACH ROW WHEN (NEW.read_up_to_seq > OLD.read_up_to_seq) EXECUTE FUNCTION plan_rest_of_burst();

-- ── Data ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

INSERT INTO "log_identity" ("id") VALUES (1);
