//! The streams, buckets and durable consumers, and `provision`, which makes and updates them and never deletes.
//!
//! Limits retention with discard-new everywhere: a full stream makes publishing fail, which is seen, and forgets
//! nothing.

mod durable;

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Compression, Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use pipeline::broker::Settings;
use pipeline::broker::buckets::{BUDGET, CURSORS, POLLS};
use pipeline::identity::{Identity, metadata};
use pipeline::vault;
use problem::{Code, Problem, chain};

use crate::address::Connection;
use crate::capacity::{DISK_OF_BYTES, size, told};
pub(crate) use durable::consumer;
pub use durable::{Durable, GROUP, in_use};

/// Webhooks as received.
pub const HINTS: &str = "HINTS";
/// Records as read at the sources.
pub const CHANGES: &str = "CHANGES";
/// The states that the targets shall be made to hold.
pub const COMMANDS: &str = "COMMANDS";
/// Intents and outcomes: the log of what was done.
pub const OUTCOMES: &str = "OUTCOMES";
/// Waits of deliveries: an entry says what one delivery waits for.
pub const WAITING: &str = "WAITING";
/// Deliveries given up on.
pub const DEAD: &str = "DEAD";
/// All of them.
pub(crate) const STREAMS: [&str; 6] = [HINTS, CHANGES, COMMANDS, OUTCOMES, WAITING, DEAD];

/// Makes and updates every stream and bucket, and the durables given for each connection; keeps what each is of.
///
/// # Errors
/// `BROKER_PROVISION` names what could not be made and why.
pub async fn provision(
    context: &Context,
    settings: &Settings,
    identities: &[Identity],
    durables: &[Durable],
) -> Result<Vec<String>, Problem> {
    let (mut done, mut bytes) = (Vec::new(), 0);
    for config in streams(settings) {
        let name = config.name.clone();
        let (limit, line) = make(context, config).await.map_err(|cause| failed(&name, &cause))?;
        bytes += limit;
        done.push(line);
    }
    let (room, disk) = (told(bytes), told(bytes / DISK_OF_BYTES));
    let orders = settings.room_for_orders;
    done.push(format!("room for {orders} orders: {room} as the broker counts them, about {disk} of disk when full"));
    for mut config in buckets(settings) {
        let name = config.name.clone();
        if name == IDENTITIES {
            config.metadata = metadata(context).await.map_err(|e| failed(&name, &chain(&e)))?.unwrap_or_default();
            config.metadata.retain(|key, _| !key.starts_with(SERVERS));
            identities.iter().for_each(|identity| identity.keep(&mut config.metadata));
        }
        context.create_or_update_stream(config).await.map_err(|e| failed(&name, &chain(&e)))?;
        done.push(format!("bucket {}", name.trim_start_matches(BUCKET)));
    }
    for identity in identities {
        let connection = Connection::new(identity.connection());
        for durable in durables {
            done.push(durable::provision(context, settings, &connection, durable).await?);
        }
    }
    Ok(done)
}

/// Makes a stream, or updates it to `config`; it never becomes smaller. Returns its limit in bytes and a line about it.
async fn make(context: &Context, mut config: Config) -> Result<(u64, String), String> {
    let name = config.name.clone();
    let before = standing(context, &name).await?;
    let mut line = format!("stream {name}");
    if let Some(before) = &before {
        let held = i64::try_from(before.state.bytes).unwrap_or(i64::MAX);
        config.max_bytes = config.max_bytes.max(before.config.max_bytes).max(held);
        if before.config.max_bytes < config.max_bytes && before.config.max_bytes > 0 {
            line += &format!(": enlarged to {}", told(config.max_bytes.unsigned_abs()));
        }
        if before.config.compression != config.compression {
            let compressed = if config.compression == Some(Compression::S2) { "compressed" } else { "not compressed" };
            line += &format!("; what comes after the broker's next start is {compressed}");
        }
        // The broker refuses an update that takes it back.
        if before.config.deny_purge {
            config.deny_purge = true;
            line += "; it cannot be archived as it is: see \"Archive and horizon\"";
        }
    }
    let limit = config.max_bytes.unsigned_abs();
    context.create_or_update_stream(config).await.map_err(|e| chain(&e))?;
    Ok((limit, line))
}

/// A stream as it is; none when there is none.
async fn standing(context: &Context, name: &str) -> Result<Option<Info>, String> {
    match context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(e) => match e.kind() {
            GetStreamErrorKind::JetStream(e) if e.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            _ => Err(chain(&e)),
        },
    }
}

fn failed(name: &str, cause: &str) -> Problem {
    Problem::new(
        Code::BrokerProvision,
        format!("{name} could not be made or updated: {cause}"),
        "nats-server 2.15.1 or later with JetStream is needed, a user that may manage streams, and room for \
         nats.room_for_orders (max_file_store in the server's jetstream block)",
    )
}

fn streams(settings: &Settings) -> Vec<Config> {
    let day = Duration::from_secs(24 * 60 * 60);
    let record = |name: &str, subject: &str, description: &str| Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        description: Some(description.to_owned()),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        max_bytes: size(name, settings.room_for_orders),
        // A full block is compressed beside itself, synced and renamed. Killing the server meanwhile loses nothing
        // (tests/broker/compressed.rs), nor does compaction, which WAITING needs; what a damaged block does is told in
        // the default settings. A stream that was made without it is compressed from the server's next start on.
        compression: Some(if settings.compression { Compression::S2 } else { Compression::None }),
        max_message_size: 8 * 1024 * 1024,
        duplicate_window: Duration::from_secs(120),
        allow_direct: true,
        allow_atomic_publish: true,
        // Single entries are never deleted. To purge is the right of one user, `archive`; nobody else has it.
        deny_delete: true,
        deny_purge: false,
        ..Config::default()
    };
    let hints = Config {
        max_age: 7 * day,
        deny_delete: false,
        ..record(HINTS, "hint.>", "Webhooks as received, sealed; kept for a week")
    };
    vec![
        hints,
        record(CHANGES, "change.>", "Records read at the sources, each version once"),
        record(COMMANDS, "command.>", "What the targets shall be made to hold"),
        record(OUTCOMES, "outcome.>", "Intents and outcomes; the last entry of a subject is the cross-reference"),
        Config {
            // One entry for each that waits; the mark that it is over goes by itself.
            max_messages_per_subject: 1,
            allow_message_ttl: true,
            ..record(WAITING, "waiting.>", "What deliveries wait for; an entry goes when the wait is over")
        },
        record(DEAD, "dead.>", "Deliveries given up on, with code and sentence"),
    ]
}

/// The stream whose metadata keeps what connections are of: every service may look at it.
const IDENTITIES: &str = "KV_ML_KEYS";
/// Metadata of the server's own begins so; it writes it anew.
const SERVERS: &str = "_nats";
/// Prefix of the name of a bucket's stream; the bucket's name follows it.
const BUCKET: &str = "KV_";

/// The buckets, as the streams that they are: a client makes them so that each user who may publish one entry can empty
/// the whole bucket with a header (`Nats-Rollup`).
fn buckets(settings: &Settings) -> Vec<Config> {
    let bucket = |name: &str, description: &str| Config {
        name: format!("{BUCKET}{name}"),
        subjects: vec![format!("$KV.{name}.>")],
        description: Some(description.to_owned()),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        max_messages_per_subject: 1,
        // Small and sealed: compression would win nothing.
        compression: None,
        allow_direct: true,
        allow_rollup: false,
        deny_delete: true,
        deny_purge: true,
        ..Config::default()
    };
    let keys = Config {
        // A key that is there can be neither replaced nor marked as deleted by publishing. To purge is the only way to
        // remove one, and a right of its own.
        discard_new_per_subject: true,
        deny_purge: false,
        ..bucket(vault::BUCKET, "Keys of persons, wrapped under the master key; each is written once")
    };
    vec![
        keys,
        bucket(vault::credentials::BUCKET, "Credentials of the vendors, sealed under the master key"),
        bucket(CURSORS, "How far each poll has read"),
        bucket(POLLS, "When each poll ran last, who runs it now, and who asked for it"),
        bucket(BUDGET, "The calls that a vendor still allows in its window"),
    ]
}
