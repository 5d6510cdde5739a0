//! Rights of each user of the shipped configuration on the broker, and their limits: publish, read, listen, change.

use async_nats::HeaderMap;
use async_nats::jetstream;
use ml_connector::stand::nats::PASSWORD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::house::{House, Wishes};

const USERS: [&str; 10] = [
    "provision",
    "ingestor-commerce",
    "ingestor-visma",
    "mapper",
    "writer-visma",
    "writer-commerce",
    "vault",
    "erasure",
    "operator",
    "archive",
];
const NOBODY: &[&str] = &[];
const READS_VISMA: &[&str] = &["ingestor-visma", "writer-visma", "vault", "operator"];
const READS_COMMERCE: &[&str] = &["ingestor-commerce", "writer-commerce", "vault", "operator"];

/// Users that may publish on a subject: all others may not.
const PUBLISHERS: &[(&str, &[&str])] = &[
    ("hint.main.commerce.order.1", &["ingestor-commerce"]),
    ("change.main.commerce.order.1", &["ingestor-commerce", "operator"]),
    ("change.main.visma.invoice.1", &["ingestor-visma", "operator"]),
    ("command.main.visma.invoice.1.00", &["mapper", "operator"]),
    ("outcome.main.visma.invoice.1", &["writer-visma"]),
    ("outcome.main.commerce.comment.1", &["writer-commerce"]),
    ("outcome.main.mapping.order.1", &["mapper"]),
    ("dead.main.mapper.CODE.order.1", &["mapper"]),
    ("dead.main.ingestor-visma.CODE.order.1", &["ingestor-visma"]),
    ("dead.main.writer-visma.CODE.order.1", &["writer-visma"]),
    ("dead.main.backfill.CODE.order.1", &["operator"]),
    ("waiting.main.mapper.commerce.invoice.1", &["mapper"]),
    ("waiting.main.writer-visma.visma.payment.1", &["writer-visma"]),
    ("waiting.main.writer-commerce.commerce.comment.1", &["writer-commerce"]),
    // Buckets.
    ("$KV.ML_KEYS.person.x", &["ingestor-commerce", "ingestor-visma", "mapper", "vault", "operator"]),
    ("$KV.ML_KEYS.hash", &["provision", "vault"]),
    ("$KV.ML_KEYS.master", &["vault"]),
    ("$KV.ML_KEYS.next.person.x", &["vault"]),
    ("$KV.ML_CREDENTIALS.main.visma", &["vault"]),
    ("$KV.ML_CURSORS.main.visma.customer", &["ingestor-visma"]),
    ("$KV.ML_CURSORS.main.visma.tenant", &["provision", "ingestor-visma"]),
    (
        "$JS.API.CONSUMER.INFO.CHANGES.mapper",
        &["provision", "ingestor-visma", "mapper", "writer-visma", "operator", "archive"],
    ),
    ("$KV.ML_CURSORS.main.commerce.order", &["ingestor-commerce"]),
    ("$KV.ML_CURSORS.main.commerce.backfill.order.aside", &["ingestor-commerce", "operator"]),
    ("$KV.ML_BUDGET.visma.x", &["ingestor-visma", "writer-visma", "vault", "operator"]),
    // Credentials, by an entry and by a consumer.
    ("$JS.API.DIRECT.GET.KV_ML_CREDENTIALS.$KV.ML_CREDENTIALS.main.visma", READS_VISMA),
    ("$JS.API.DIRECT.GET.KV_ML_CREDENTIALS.$KV.ML_CREDENTIALS.main.commerce", READS_COMMERCE),
    (
        "$JS.API.DIRECT.GET.KV_ML_CREDENTIALS.$KV.ML_CREDENTIALS.main.webhook",
        &["ingestor-commerce", "vault", "operator"],
    ),
    ("$JS.API.DIRECT.GET.KV_ML_CREDENTIALS", &["operator"]),
    ("$JS.API.STREAM.MSG.GET.KV_ML_CREDENTIALS", &["operator"]),
    (
        "$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS.v.$KV.ML_CREDENTIALS.main.visma",
        &["provision", "ingestor-visma", "writer-visma", "operator"],
    ),
    (
        "$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS.v.$KV.ML_CREDENTIALS.main.commerce",
        &["provision", "ingestor-commerce", "writer-commerce", "operator"],
    ),
    ("$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS.v.$KV.ML_CREDENTIALS.>", &["provision", "operator"]),
    ("$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS.v.$KV.ML_CREDENTIALS.*.*", &["provision", "operator"]),
    ("$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS.v", &["provision", "operator"]),
    ("$JS.API.CONSUMER.CREATE.KV_ML_CREDENTIALS", &["provision"]),
    (
        "$JS.API.CONSUMER.CREATE.KV_ML_BUDGET.v.$KV.ML_BUDGET.visma.*",
        &["provision", "ingestor-visma", "writer-visma", "operator"],
    ),
    (
        "$JS.API.CONSUMER.CREATE.KV_ML_BUDGET.v.$KV.ML_BUDGET.commerce.*",
        &["provision", "ingestor-commerce", "writer-commerce", "operator"],
    ),
    // Streams by a consumer.
    ("$JS.API.CONSUMER.CREATE.CHANGES.v.change.>", &["provision", "operator", "archive"]),
    ("$JS.API.CONSUMER.CREATE.CHANGES.v", &["provision", "operator"]),
    ("$JS.API.CONSUMER.CREATE.CHANGES", &["provision"]),
    ("$JS.API.CONSUMER.CREATE.HINTS.v.hint.>", &["provision", "operator"]),
    ("$JS.API.CONSUMER.CREATE.OUTCOMES.v.outcome.main.commerce.>", &["provision", "operator", "archive"]),
    ("$JS.API.CONSUMER.CREATE.DEAD.v.dead.>", &["provision", "operator", "archive"]),
    (
        "$JS.API.CONSUMER.CREATE.WAITING.v.waiting.*.writer-visma.>",
        &["provision", "mapper", "writer-visma", "operator", "archive"],
    ),
    ("$JS.API.CONSUMER.CREATE.WAITING.v.waiting.>", &["provision", "operator", "archive"]),
    ("$JS.API.DIRECT.GET.WAITING", &["ingestor-commerce", "mapper", "writer-visma", "writer-commerce", "operator"]),
    // Consumers of services.
    ("$JS.API.CONSUMER.CREATE.CHANGES.mapper.change.main.>", &["provision"]),
    ("$JS.API.CONSUMER.CREATE.CHANGES.mapper.change.main.visma.customer.>", &["provision"]),
    ("$JS.API.CONSUMER.CREATE.CHANGES.mapper", &["provision"]),
    ("$JS.API.CONSUMER.DURABLE.CREATE.CHANGES.mapper", NOBODY),
    (
        "$JS.API.CONSUMER.INFO.CHANGES.mapper",
        &["provision", "ingestor-visma", "mapper", "writer-visma", "operator", "archive"],
    ),
    ("$JS.API.CONSUMER.DELETE.CHANGES.mapper", NOBODY),
    ("$JS.API.CONSUMER.RESET.CHANGES.mapper", NOBODY),
    ("$JS.API.CONSUMER.PAUSE.CHANGES.mapper", NOBODY),
    ("$JS.API.CONSUMER.UNPIN.CHANGES.mapper", NOBODY),
    ("$JS.API.CONSUMER.MSG.NEXT.CHANGES.mapper", &["mapper"]),
    ("$JS.API.CONSUMER.MSG.NEXT.COMMANDS.writer-visma", &["writer-visma"]),
    ("$JS.API.CONSUMER.MSG.NEXT.COMMANDS.writer-commerce", &["writer-commerce"]),
    ("$JS.API.CONSUMER.MSG.NEXT.HINTS.ingestor-commerce", &["ingestor-commerce"]),
    ("$JS.ACK.CHANGES.mapper.1.1.1.1.0", &["mapper"]),
    ("$JS.ACK.COMMANDS.writer-visma.1.1.1.1.0", &["writer-visma"]),
    // Streams themselves.
    ("$JS.API.STREAM.PURGE.KV_ML_KEYS", &["vault", "erasure"]),
    ("$JS.API.STREAM.PURGE.KV_ML_CREDENTIALS", NOBODY),
    ("$JS.API.STREAM.PURGE.CHANGES", &["archive"]),
    ("$JS.API.STREAM.PURGE.COMMANDS", &["archive"]),
    ("$JS.API.STREAM.PURGE.OUTCOMES", &["archive"]),
    ("$JS.API.STREAM.PURGE.DEAD", &["archive"]),
    ("$JS.API.STREAM.PURGE.HINTS", NOBODY),
    ("$JS.API.STREAM.PURGE.WAITING", NOBODY),
    ("$JS.API.STREAM.PURGE.KV_ML_CURSORS", NOBODY),
    ("$KV.ML_CURSORS.main.horizon", &["archive"]),
    (
        "$JS.API.DIRECT.GET.KV_ML_CURSORS.$KV.ML_CURSORS.main.horizon",
        &["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "operator", "archive"],
    ),
    ("$JS.API.STREAM.MSG.DELETE.CHANGES", NOBODY),
    ("$JS.API.STREAM.MSG.DELETE.KV_ML_KEYS", NOBODY),
    ("$JS.API.STREAM.DELETE.CHANGES", NOBODY),
    ("$JS.API.STREAM.RESTORE.CHANGES", NOBODY),
    ("$JS.API.STREAM.UPDATE.CHANGES", &["provision"]),
    ("$JS.API.STREAM.INFO.CHANGES", &["provision", "mapper", "operator", "archive"]),
    ("$JS.API.STREAM.INFO.HINTS", &["provision", "mapper", "operator"]),
    (
        "$JS.API.STREAM.INFO.KV_ML_CURSORS",
        &["provision", "ingestor-commerce", "ingestor-visma", "writer-visma", "operator", "archive"],
    ),
    ("$JS.API.DIRECT.GET.OUTCOMES", &["mapper", "operator"]),
    ("$JS.API.DIRECT.GET.DEAD", &["mapper", "operator"]),
    ("$JS.API.DIRECT.GET.HINTS", &["operator"]),
    ("$JS.API.STREAM.CREATE.OTHER", &["provision"]),
    ("$JS.API.ACCOUNT.PURGE.all", NOBODY),
    ("_INBOX.mapper.x", NOBODY),
];

/// A connection that speaks the broker's protocol by itself, so that a refusal is known before the next line.
pub(crate) struct Wire {
    lines: BufReader<tokio::net::tcp::OwnedReadHalf>,
    out: tokio::net::tcp::OwnedWriteHalf,
}

impl Wire {
    pub(crate) async fn to(house: &House, user: &str) -> Self {
        let (read, out) = TcpStream::connect(house.installation.broker.address).await.unwrap().into_split();
        let mut wire = Self { lines: BufReader::new(read), out };
        let hello = json!({ "user": user, "pass": PASSWORD, "verbose": false, "pedantic": false, "headers": true });
        assert!(wire.may(&format!("CONNECT {hello}\r\n")).await, "{user} is let in");
        wire
    }

    /// Returns true when the broker does what it is told.
    pub(crate) async fn may(&mut self, told: &str) -> bool {
        self.out.write_all(format!("{told}PING\r\n").as_bytes()).await.unwrap();
        let mut allowed = true;
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).await.unwrap() > 0, "the connection was closed");
            match line.split_whitespace().next() {
                Some("PONG") => return allowed,
                Some("-ERR") => allowed = !line.contains("Permissions Violation"),
                Some("MSG" | "HMSG") => {
                    let length: usize = line.split_whitespace().next_back().unwrap().parse().unwrap();
                    self.lines.read_exact(&mut vec![0; length + 2]).await.unwrap();
                }
                _ => {}
            }
        }
    }
}

fn guarded() -> Wishes {
    Wishes { rights: true, ..Wishes::default() }
}

async fn context_of(house: &House, user: &str) -> jetstream::Context {
    let options = async_nats::ConnectOptions::new()
        .user_and_password(user.to_owned(), PASSWORD.to_owned())
        .custom_inbox_prefix(format!("_INBOX.{user}"));
    jetstream::new(options.connect(house.installation.broker.url()).await.unwrap())
}

#[tokio::test]
async fn each_user_may_do_what_is_listed_and_nothing_else() {
    let house = House::prepare(guarded()).await;
    // It does no harm where it is allowed.
    let body = r#"{"filter":"$KV.ML_KEYS.nobody"}"#;
    let mut wrong = Vec::new();
    for user in USERS {
        let mut wire = Wire::to(&house, user).await;
        for (subject, users) in PUBLISHERS {
            let may = wire.may(&format!("PUB {subject} {}\r\n{body}\r\n", body.len())).await;
            if may != users.contains(&user) {
                wrong.push(format!("{user} may{} publish on {subject}", if may { "" } else { " not" }));
            }
        }
        let own = format!("_INBOX.{user}.>");
        let others = USERS.iter().filter(|other| **other != user).map(|other| format!("_INBOX.{other}.>"));
        let all = ["_INBOX.>", ">", "change.>", "$KV.>", "$JS.>"].map(str::to_owned);
        for subject in others.chain(all).chain([own.clone()]) {
            if wire.may(&format!("SUB {subject} 1\r\nUNSUB 1\r\n")).await != (subject == own) {
                wrong.push(format!("{user} may, or may not, listen on {subject}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_key_of_a_person_cannot_be_replaced_or_removed_by_publishing() {
    let house = House::prepare(guarded()).await;
    let subject = "$KV.ML_KEYS.person.kari";
    let publish = async |user: &str, header: Option<(&str, &str)>| {
        let mut headers = HeaderMap::new();
        header.into_iter().for_each(|(name, value)| headers.insert(name, value));
        let context = context_of(&house, user).await;
        context.publish_with_headers(subject, headers, "wrapped".into()).await.unwrap().await
    };
    publish("mapper", None).await.unwrap();
    let before = house.messages("KV_ML_KEYS").await;
    for user in ["ingestor-commerce", "ingestor-visma", "mapper", "operator", "vault"] {
        for header in [
            None,
            Some(("Nats-Rollup", "all")),
            Some(("Nats-Rollup", "sub")),
            Some(("KV-Operation", "DEL")),
            Some(("KV-Operation", "PURGE")),
            Some(("Nats-TTL", "1s")),
        ] {
            assert!(publish(user, header).await.is_err(), "{user} {header:?}");
        }
    }
    assert_eq!(house.messages("KV_ML_KEYS").await, before);
    // Other buckets are not emptied by one of their entries either.
    for (user, subject, bucket) in [
        ("ingestor-commerce", "$KV.ML_CURSORS.main.commerce.order", "KV_ML_CURSORS"),
        ("ingestor-visma", "$KV.ML_POLLS.main.visma.customer", "KV_ML_POLLS"),
        ("writer-visma", "$KV.ML_BUDGET.visma.x", "KV_ML_BUDGET"),
        ("vault", "$KV.ML_CREDENTIALS.main.visma", "KV_ML_CREDENTIALS"),
    ] {
        let context = context_of(&house, user).await;
        context.publish(subject, "{}".into()).await.unwrap().await.unwrap();
        let before = house.messages(bucket).await;
        let rollup = HeaderMap::from_iter([("Nats-Rollup".parse().unwrap(), "all".parse().unwrap())]);
        assert!(context.publish_with_headers(subject, rollup, "{}".into()).await.unwrap().await.is_err(), "{user}");
        assert_eq!(house.messages(bucket).await, before);
    }
}

#[tokio::test]
async fn a_consumer_reads_no_more_than_the_subject_says_that_it_was_made_on() {
    let house = House::prepare(guarded()).await;
    let context = context_of(&house, "writer-visma").await;
    let subject = "CONSUMER.CREATE.CHANGES.view.change.main.visma.customer.>";
    let config = |filter: Value| {
        let config = json!({ "name": "view", "ack_policy": "none", "deliver_policy": "all" });
        let mut request = json!({ "stream_name": "CHANGES", "config": config, "action": "" });
        request["config"].as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        request
    };
    for filter in [
        json!({ "filter_subject": "change.>" }),
        json!({ "filter_subjects": ["change.main.visma.customer.>", "change.main.commerce.>"] }),
        json!({}),
        json!({ "filter_subject": "change.main.visma.customer.>", "durable_name": "mapper" }),
    ] {
        let answer: Value = context.request(subject, &config(filter.clone())).await.unwrap();
        assert!(answer["error"].is_object(), "{filter}: {answer}");
    }
    let own = json!({ "filter_subject": "change.main.visma.customer.>" });
    let answer: Value = context.request(subject, &config(own)).await.unwrap();
    assert_eq!(answer["name"], "view", "{answer}");
}

/// Verbs of people do what they say as the user that each has, in a bucket that nobody can overwrite.
#[tokio::test]
async fn people_do_their_work_with_the_rights_that_they_have() {
    let mut house = House::prepare(guarded()).await;
    house.installation.start_services().unwrap();
    house.place(4, 2).await;
    house.until_booked(4, std::time::Duration::from_secs(60)).await;
    let operator: [&[&str]; 4] = [&["dead-letters"], &["drift"], &["poll", "list"], &["poll", "now", "--wait"]];
    for verb in operator {
        let (code, said, told) = house.verb(verb, &[]).await;
        assert_eq!(code, Some(0), "{verb:?}: {said}{told}");
    }
    let key = house.installation.folder().join("new.key");
    let to = key.to_str().unwrap();
    std::fs::write(&key, house.verb(&["master-key"], &[]).await.1).unwrap();
    let vault = [("ML__NATS__USER", "vault")];
    let verbs: [&[&str]; 5] = [
        &["credentials", "list"],
        &["master-key", "rotate", "--to", to, "--apply"],
        &["master-key", "rotate", "--to", to, "--apply"],
        &["master-key", "status"],
        &["master-key", "retire", "--apply"],
    ];
    for verb in verbs {
        let (code, said, told) = house.verb(verb, &vault).await;
        assert_eq!(code, Some(0), "{verb:?}: {said}{told}");
    }
    // A person is erased by one who may do nothing else.
    let order = context_of(&house, "operator").await.get_stream("CHANGES").await.unwrap();
    let order = order.get_last_raw_message_by_subject("change.main.commerce.order.1").await.unwrap();
    let text = String::from_utf8(order.payload.to_vec()).unwrap();
    let person = text.split("sealed:1:").nth(1).unwrap().split(':').next().unwrap();
    let before = house.messages("KV_ML_KEYS").await;
    assert_eq!(house.verb(&["erase", person], &[]).await.0, Some(0), "the plan wants no rights");
    let (code, _, told) = house.verb(&["erase", person, "--apply"], &[]).await;
    assert!(code == Some(78) && told.contains("BROKER_REFUSED") && told.contains("user `erasure`"), "{told}");
    let (code, said, told) = house.verb(&["erase", person, "--apply"], &[("ML__NATS__USER", "erasure")]).await;
    assert_eq!(code, Some(0), "{said}{told}");
    assert_eq!(house.messages("KV_ML_KEYS").await, before - 1);
}

#[tokio::test]
async fn buckets_of_an_older_installation_are_closed_by_provision_and_keep_what_they_hold() {
    let house = House::prepare(Wishes::default()).await;
    let context = house.jetstream().await;
    for bucket in ["ML_KEYS", "ML_CURSORS"] {
        context.delete_key_value(bucket).await.unwrap();
        let config = jetstream::kv::Config { bucket: bucket.to_owned(), history: 1, ..Default::default() };
        let store = context.create_key_value(config).await.unwrap();
        store.put("person.kari", "kept".into()).await.unwrap();
    }
    house.installation.provision().await.unwrap();
    for bucket in ["ML_KEYS", "ML_CURSORS"] {
        let store = context.get_key_value(bucket).await.unwrap();
        assert_eq!(store.get("person.kari").await.unwrap().unwrap(), "kept");
        let config = store.stream.cached_info().config.clone();
        assert!(!config.allow_rollup && config.deny_delete, "{config:?}");
        assert!(store.purge("person.kari").await.is_err(), "a purge is a message with a header");
        assert_eq!(store.put("person.kari", "other".into()).await.is_err(), bucket == "ML_KEYS");
    }
}
