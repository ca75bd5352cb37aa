-- The tables of Greenlight 3.8 as Rails makes them, and the foreign keys between them: none has an ON DELETE.
CREATE TABLE roles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL, color varchar NOT NULL DEFAULT '',
  provider varchar NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, UNIQUE (name, provider));
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL, email varchar NOT NULL, external_id varchar,
  provider varchar NOT NULL, password_digest varchar, last_login timestamp(6), created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL, role_id uuid REFERENCES roles (id), language varchar NOT NULL,
  reset_digest varchar UNIQUE, reset_sent_at timestamp, verified boolean DEFAULT false,
  verification_digest varchar UNIQUE, verification_sent_at timestamp, session_token varchar UNIQUE,
  session_expiry timestamp, status integer DEFAULT 0, UNIQUE (email, provider));
CREATE TABLE rooms (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid REFERENCES users (id), name varchar NOT NULL,
  friendly_id varchar NOT NULL UNIQUE, meeting_id varchar NOT NULL UNIQUE, last_session timestamp(6),
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, recordings_processing integer DEFAULT 0,
  online boolean DEFAULT false);
CREATE INDEX ON rooms (user_id);
CREATE TABLE recordings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), room_id uuid REFERENCES rooms (id), name varchar NOT NULL,
  record_id varchar NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL,
  visibility varchar NOT NULL, length integer NOT NULL, participants integer NOT NULL, protectable boolean,
  recorded_at timestamp(6));
CREATE INDEX ON recordings (room_id);
CREATE TABLE formats (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recording_id uuid REFERENCES recordings (id),
  recording_type varchar NOT NULL, url varchar NOT NULL, created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL);
CREATE INDEX ON formats (recording_id);
CREATE TABLE shared_accesses (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users (id),
  room_id uuid NOT NULL REFERENCES rooms (id), created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL,
  UNIQUE (user_id, room_id));
CREATE TABLE meeting_options (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar UNIQUE, default_value varchar,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE room_meeting_options (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), room_id uuid REFERENCES rooms (id),
  meeting_option_id uuid REFERENCES meeting_options (id), value varchar, created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL);
CREATE TABLE rooms_configurations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), meeting_option_id uuid REFERENCES meeting_options (id),
  provider varchar NOT NULL, value varchar NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE invitations (
  id bigserial PRIMARY KEY, email varchar NOT NULL, provider varchar NOT NULL, token varchar NOT NULL UNIQUE,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, name varchar, UNIQUE (email, provider));
CREATE TABLE permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL, created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL);
CREATE TABLE role_permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), role_id uuid REFERENCES roles (id),
  permission_id uuid REFERENCES permissions (id), value varchar NOT NULL, created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL);
CREATE TABLE settings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar UNIQUE, created_at timestamp(6) NOT NULL,
  updated_at timestamp(6) NOT NULL);
CREATE TABLE site_settings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), setting_id uuid REFERENCES settings (id), value varchar NOT NULL,
  provider varchar NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE tenants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL UNIQUE, client_secret varchar NOT NULL,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, region varchar);
CREATE TABLE active_storage_blobs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), key varchar NOT NULL UNIQUE, filename varchar NOT NULL,
  content_type varchar, metadata text, service_name varchar NOT NULL, byte_size bigint NOT NULL, checksum varchar,
  created_at timestamp(6) NOT NULL);
CREATE TABLE active_storage_attachments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar NOT NULL, record_type varchar NOT NULL,
  record_id uuid NOT NULL, blob_id uuid NOT NULL REFERENCES active_storage_blobs (id), created_at timestamp(6) NOT NULL,
  UNIQUE (record_type, record_id, name, blob_id));
CREATE TABLE active_storage_variant_records (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), blob_id uuid NOT NULL REFERENCES active_storage_blobs (id),
  variation_digest varchar NOT NULL, UNIQUE (blob_id, variation_digest));

-- Three hundred accounts, one eight hours older than the other; every third was never confirmed. Each has a
-- room, with an option, a recording and its format; every tenth room is shared with the account before.
CREATE TEMP VIEW n AS
  SELECT i, lpad(i::text, 4, '0') AS t, (now() AT TIME ZONE 'UTC') - i * interval '8 hours' - interval '1 minute' AS at
  FROM generate_series(1, 300) i;
INSERT INTO roles (name, provider, created_at, updated_at) VALUES ('User', 'greenlight', now(), now());
INSERT INTO meeting_options (name, created_at, updated_at) VALUES ('glViewerAccessCode', now(), now());
INSERT INTO users (name, email, provider, last_login, created_at, updated_at, role_id, language, verified,
    verification_digest, verification_sent_at, reset_digest, reset_sent_at)
  SELECT 'Planted ' || t, 'planted' || t || '@example.org', 'greenlight', CASE WHEN i % 3 > 0 THEN at END, at, at, r.id, 'de',
    i % 3 > 0, 'v' || t, at, 'r' || t, at FROM n, roles r;
INSERT INTO rooms (user_id, name, friendly_id, meeting_id, last_session, created_at, updated_at)
  SELECT u.id, u.name || '''s room', 'room-' || right(u.email, 16), 'meeting-' || u.email, u.last_login, u.created_at, u.created_at
  FROM users u;
INSERT INTO room_meeting_options (room_id, meeting_option_id, value, created_at, updated_at)
  SELECT r.id, m.id, 'code', r.created_at, r.created_at FROM rooms r, meeting_options m;
INSERT INTO recordings (room_id, name, record_id, created_at, updated_at, visibility, length, participants)
  SELECT id, name, 'rec-' || meeting_id, created_at, created_at, 'Unpublished', 1, 1 FROM rooms;
INSERT INTO formats (recording_id, recording_type, url, created_at, updated_at)
  SELECT id, 'presentation', 'https://bbb.example.org/' || record_id, created_at, created_at FROM recordings;
INSERT INTO shared_accesses (user_id, room_id, created_at, updated_at)
  SELECT u.id, r.id, now(), now() FROM n JOIN rooms r ON r.meeting_id = 'meeting-planted' || n.t || '@example.org'
  JOIN users u ON u.email = 'planted' || lpad((n.i - 1)::text, 4, '0') || '@example.org' WHERE n.i % 10 = 0;
INSERT INTO invitations (email, name, provider, token, created_at, updated_at)
  SELECT 'invited' || t || '@example.net', 'Invited ' || t, 'greenlight', 't' || t, at, at FROM n;
