-- The tables of BigBlueButton 3.0's database bbb_graphql in which people stand, told by their columns and keys as
-- bbb-graphql-server/bbb_schema.sql has them (the version with UNLOGGED tables, audio groups and LiveKit), and of its
-- triggers those that write what was there before. Left out: views, indexes, triggers that only compute, tables without people.
CREATE UNLOGGED TABLE meeting (
  "meetingId" varchar(100) PRIMARY KEY, "extId" text, name text, "isBreakout" boolean, "learningDashboardAccessToken" varchar(100),
  "createdTime" bigint, "endedAt" timestamptz, "endedReasonCode" varchar(200), "endedBy" varchar(50));
CREATE UNLOGGED TABLE meeting_recording (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "startedAt" timestamptz, "startedBy" varchar(50),
  "stoppedAt" timestamptz, "stoppedBy" varchar(50), PRIMARY KEY ("meetingId", "startedAt"));
CREATE UNLOGGED TABLE meeting_group (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "groupId" varchar(100), "groupIndex" integer, name varchar(100),
  "usersExtId" varchar[], PRIMARY KEY ("meetingId", "groupId"));

CREATE UNLOGGED TABLE "user" (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "userId" varchar(50) NOT NULL, "extId" varchar(50),
  name varchar(255), "firstName" varchar(255), "lastName" varchar(255), role varchar(20), avatar varchar(500), color varchar(7),
  "authToken" varchar(50), joined boolean, guest boolean, "guestStatus" varchar(50), "registeredOn" bigint,
  "guestStatusSetByModerator" varchar(50), "guestLobbyMessage" text, mobile boolean, "clientType" varchar(50), ejected boolean,
  "ejectedByModerator" varchar(50), "speechLocale" varchar(255),
  "registeredAt" timestamptz GENERATED ALWAYS AS (to_timestamp("registeredOn"::double precision / 1000)) STORED,
  PRIMARY KEY ("meetingId", "userId"),
  FOREIGN KEY ("meetingId", "guestStatusSetByModerator") REFERENCES "user" ("meetingId", "userId") ON DELETE SET NULL);
CREATE UNLOGGED TABLE "user_sessionToken" (
  "meetingId" varchar(100), "userId" varchar(50), "sessionToken" varchar(16), "sessionName" varchar(255), "enforceLayout" varchar(50),
  "createdAt" timestamptz NOT NULL DEFAULT current_timestamp, "removedAt" timestamptz,
  PRIMARY KEY ("meetingId", "userId", "sessionToken"),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE "user_graphqlConnection" (
  "graphqlConnectionId" serial PRIMARY KEY, "sessionToken" varchar(16), "clientSessionUUID" varchar(36), "clientType" varchar(50),
  "clientIsMobile" boolean, "middlewareUID" varchar(36), "middlewareConnectionId" varchar(12), "establishedAt" timestamptz,
  "closedAt" timestamptz);
CREATE UNLOGGED TABLE user_metadata (
  "meetingId" varchar(100), "userId" varchar(50), "sessionToken" varchar(16), parameter varchar(255), value varchar(1000),
  PRIMARY KEY ("meetingId", "userId", "sessionToken", parameter),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE user_voice (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "userId" varchar(50), "voiceUserId" varchar(100),
  "callerName" varchar(100), "callerNum" varchar(100), "callingWith" varchar(100), joined boolean, "voiceConf" varchar(100),
  "endTime" bigint, "startTime" bigint, "voiceActivityAt" timestamptz, PRIMARY KEY ("meetingId", "userId"));
CREATE UNLOGGED TABLE user_camera (
  "streamId" varchar(150) PRIMARY KEY, "meetingId" varchar(100), "userId" varchar(50), "contentType" varchar(50),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE user_reaction (
  "meetingId" varchar(100), "userId" varchar(50), "reactionEmoji" varchar(25), "durationInSeconds" integer NOT NULL,
  "createdAt" timestamptz NOT NULL, "expiresAt" timestamptz,
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE "user_connectionStatus" (
  "meetingId" varchar(100), "userId" varchar(50), "connectionAliveAt" timestamptz, "networkRttInMs" numeric, status varchar(25),
  "statusUpdatedAt" timestamptz, PRIMARY KEY ("meetingId", "userId"),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE user_livekit (
  "meetingId" varchar(100), "userId" varchar(50), "livekitToken" text, PRIMARY KEY ("meetingId", "userId"),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);

CREATE UNLOGGED TABLE chat (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "chatId" varchar(100), access varchar(20), "createdBy" varchar(25),
  "totalMessages" integer, PRIMARY KEY ("meetingId", "chatId"));
CREATE UNLOGGED TABLE chat_user (
  "chatId" varchar(100), "meetingId" varchar(100), "userId" varchar(50), "lastSeenAt" timestamptz, "startedTypingAt" timestamptz,
  "lastTypingAt" timestamptz, visible boolean, PRIMARY KEY ("meetingId", "chatId", "userId"),
  FOREIGN KEY ("chatId", "meetingId") REFERENCES chat ("chatId", "meetingId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE chat_message (
  "messageId" varchar(100) PRIMARY KEY, "chatId" varchar(100), "meetingId" varchar(100), "correlationId" varchar(100),
  "messageSequence" integer, "chatEmphasizedText" boolean, message text, "messageType" varchar(50),
  "replyToMessageId" varchar(100) REFERENCES chat_message, "messageMetadata" text, "senderId" varchar(100), "senderName" varchar(255),
  "senderRole" varchar(20), "createdAt" timestamptz NOT NULL, "editedAt" timestamptz, "deletedByUserId" varchar(100),
  "deletedAt" timestamptz, FOREIGN KEY ("chatId", "meetingId") REFERENCES chat ("chatId", "meetingId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE chat_message_history (
  "messageId" varchar(100) REFERENCES chat_message ON DELETE CASCADE, "meetingId" varchar(100), "messageVersionSequence" integer,
  message text, "senderId" varchar(100), "createdAt" timestamptz, "movedToHistoryAt" timestamptz DEFAULT current_timestamp,
  PRIMARY KEY ("messageId", "messageVersionSequence"));
CREATE UNLOGGED TABLE chat_message_reaction (
  "meetingId" varchar(100), "messageId" varchar(100) REFERENCES chat_message ON DELETE CASCADE, "userId" varchar(100) NOT NULL,
  "reactionEmoji" varchar(25), "createdAt" timestamptz, PRIMARY KEY ("messageId", "userId", "reactionEmoji"),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
-- An edited message's words of before are kept: BEFORE UPDATE OF message.
CREATE FUNCTION keep_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.message IS NOT DISTINCT FROM OLD.message THEN RETURN NEW; END IF;
  INSERT INTO chat_message_history ("messageId", "meetingId", "messageVersionSequence", message, "senderId", "createdAt")
    SELECT OLD."messageId", OLD."meetingId", count(*), OLD.message, OLD."senderId", coalesce(OLD."editedAt", OLD."createdAt")
    FROM chat_message_history h WHERE h."messageId" = OLD."messageId";
  RETURN NEW;
END $$;
CREATE TRIGGER update_chat_message_history_trigger BEFORE UPDATE OF message ON chat_message FOR EACH ROW EXECUTE FUNCTION keep_edited();
-- A message that goes changes its chat's row.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat c SET "totalMessages" = (SELECT count(*) FROM chat_message m WHERE m."meetingId" = c."meetingId" AND m."chatId" = c."chatId")
    WHERE c."meetingId" = coalesce(NEW."meetingId", OLD."meetingId");
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_update_chat_totalMessages AFTER INSERT OR DELETE ON chat_message FOR EACH ROW EXECUTE FUNCTION count_messages();

CREATE UNLOGGED TABLE pres_presentation (
  "presentationId" varchar(100) PRIMARY KEY, "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "uploadUserId" varchar(100),
  "uploadToken" varchar(100), name varchar(500), "filenameConverted" varchar(500), "downloadFileUri" varchar(500),
  "createdAt" timestamptz DEFAULT now());
CREATE UNLOGGED TABLE pres_page (
  "pageId" varchar(100) PRIMARY KEY, "presentationId" varchar(100) REFERENCES pres_presentation ON DELETE CASCADE, num integer,
  content text);
CREATE UNLOGGED TABLE pres_annotation (
  "annotationId" varchar(100) PRIMARY KEY, "pageId" varchar(100) REFERENCES pres_page ON DELETE CASCADE, "meetingId" varchar(100),
  "userId" varchar(50), "annotationInfo" text, "lastUpdatedAt" timestamptz);
CREATE UNLOGGED TABLE pres_annotation_history (
  sequence serial PRIMARY KEY, "annotationId" varchar(100), "pageId" varchar(100) REFERENCES pres_page ON DELETE CASCADE,
  "meetingId" varchar(100), "userId" varchar(50), "annotationInfo" jsonb, "updatedAt" timestamptz);

CREATE UNLOGGED TABLE poll (
  "pollId" varchar(100) PRIMARY KEY, "meetingId" varchar(100), "ownerId" varchar(100), "questionText" text, type varchar(30),
  secret boolean, "createdAt" timestamptz NOT NULL DEFAULT current_timestamp,
  FOREIGN KEY ("meetingId", "ownerId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE poll_option (
  "pollId" varchar(100) REFERENCES poll ON DELETE CASCADE, "optionId" integer, "optionDesc" text, PRIMARY KEY ("pollId", "optionId"));
CREATE UNLOGGED TABLE poll_response (
  "pollId" varchar(100), "optionId" integer, "meetingId" varchar(100), "userId" varchar(100),
  FOREIGN KEY ("pollId", "optionId") REFERENCES poll_option ("pollId", "optionId") ON DELETE CASCADE,
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);

CREATE UNLOGGED TABLE "breakoutRoom" (
  "breakoutRoomId" varchar(100) PRIMARY KEY, "parentMeetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "externalId" varchar(100),
  sequence numeric, name varchar(100));
CREATE UNLOGGED TABLE "breakoutRoom_user" (
  "breakoutRoomId" varchar(100) NOT NULL REFERENCES "breakoutRoom" ON DELETE CASCADE, "meetingId" varchar(100), "userId" varchar(50),
  "joinURL" text, "assignedAt" timestamptz, "joinedAt" timestamptz, PRIMARY KEY ("breakoutRoomId", "meetingId", "userId"),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);

CREATE UNLOGGED TABLE "sharedNotes_rev" (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "sharedNotesExtId" varchar(25), rev integer, "userId" varchar(50),
  changeset text, start integer, "end" integer, diff text, "createdAt" timestamptz, PRIMARY KEY ("meetingId", "sharedNotesExtId", rev),
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE SET NULL);
CREATE UNLOGGED TABLE caption (
  "captionId" varchar(100) PRIMARY KEY, "meetingId" varchar(100) NOT NULL REFERENCES meeting ON DELETE CASCADE,
  "captionType" varchar(100) NOT NULL, "userId" varchar(50), locale varchar(15), "captionText" text, "createdAt" timestamptz,
  FOREIGN KEY ("meetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE notification (
  "notificationId" serial PRIMARY KEY, "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "messageId" varchar(100),
  "messageValues" jsonb, "userMeetingId" varchar(100), "userId" varchar(50), "createdAt" timestamptz DEFAULT current_timestamp,
  FOREIGN KEY ("userMeetingId", "userId") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
CREATE UNLOGGED TABLE "pluginDataChannelEntry" (
  "meetingId" varchar(100) REFERENCES meeting ON DELETE CASCADE, "pluginName" varchar(255), "channelName" varchar(255),
  "entryId" varchar(50) DEFAULT gen_random_uuid(), "subChannelName" varchar(255), "payloadJson" jsonb, "createdBy" varchar(50),
  "toUserIds" varchar[], "createdAt" timestamptz DEFAULT current_timestamp, "deletedAt" timestamptz,
  PRIMARY KEY ("meetingId", "pluginName", "channelName", "entryId", "subChannelName"),
  FOREIGN KEY ("meetingId", "createdBy") REFERENCES "user" ("meetingId", "userId") ON DELETE CASCADE);
