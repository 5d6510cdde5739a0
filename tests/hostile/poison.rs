//! Messages that are as large as the broker takes them and mean nothing, in each stream: dead letters, little memory,
//! and what lies behind them goes on. Lists of a vendor's that are as long as no company's is.
//!
//! `ML_POISON=100` makes so many of each kind, `ML_ROWS=1000000` a list of so many rows:
//! `ML_POISON=100 ML_ROWS=1000000 cargo test -p ml-connector --test house hostile::poison -- --nocapture`

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use super::{PATIENCE, booked};
use crate::bad_input::order::order;
use crate::doors::stub::{Asked, Stub};
use crate::doors::subjects;
use crate::house::{House, Wishes};

/// The broker takes 8 MB, headers and all.
const SIZE: usize = 8 * 1024 * 1024 - 64 * 1024;
/// Bytes that a service may take besides what it has, however many there are.
const ROOM: u64 = 200_000_000;

fn wanted(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Returns the bytes of memory that each service takes.
fn memory(house: &House) -> BTreeMap<String, u64> {
    let services = house.installation.services.iter();
    services.map(|service| (service.name().to_owned(), service.usage().unwrap().resident)).collect()
}

/// The most that each service took while this watched.
struct Peak {
    before: BTreeMap<String, u64>,
    most: BTreeMap<String, u64>,
}

impl Peak {
    fn of(house: &House) -> Self {
        let before = memory(house);
        Self { most: before.clone(), before }
    }

    fn look(&mut self, house: &House) {
        for (service, bytes) in memory(house) {
            let most = self.most.entry(service).or_default();
            *most = bytes.max(*most);
        }
    }

    /// Prints it, and holds it against the bound.
    fn hold(&self, what: &str, room: u64) {
        for (service, most) in &self.most {
            let before = self.before[service];
            println!("{what}: {service} took {} MB, and {} MB at most", before / 1_000_000, most / 1_000_000);
            assert!(*most < before + room, "{what}: {service} took {before} bytes, and then {most}");
        }
    }
}

/// How many dead letters there are of each code: they are as large as what they are about.
async fn codes(house: &House) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for (subject, letters) in subjects(house, "DEAD", "dead.>").await {
        *codes.entry(subject.split('.').nth(3).unwrap().to_owned()).or_default() += letters;
    }
    codes
}

/// Nothing, a depth that no reader bears, and an order with a name that does not end.
fn poison(number: usize) -> Bytes {
    match number % 3 {
        0 => vec![b' '; SIZE].into(),
        1 => vec![b'['; SIZE].into(),
        _ => {
            let name = "Ola ".repeat(SIZE / 4 - 1_000);
            json!({ "entity_id": 600 + number, "customer_firstname": name }).to_string().into()
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_in_each_stream_is_dead_letters_and_takes_little_memory() {
    let count = wanted("ML_POISON", 24);
    let mut house = House::prepare(Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms")).await;
    let jetstream = house.jetstream().await;
    for number in 0..count {
        let body = poison(number);
        for subject in [
            "hint.main.commerce.order.9000".to_owned(),
            format!("change.main.commerce.order.{}", 600 + number),
            format!("command.main.visma.invoice.{}.00", 600 + number),
            format!("outcome.main.visma.customer.{}", 600 + number),
        ] {
            jetstream.publish(subject, body.clone()).await.unwrap().await.unwrap();
        }
    }
    // Of an order that comes: what was done about it cannot be read.
    jetstream.publish("outcome.main.visma.invoice.9001", poison(0)).await.unwrap().await.unwrap();
    for number in 9000..=9003 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    let (started, mut peak) = (Instant::now(), Peak::of(&house));
    loop {
        peak.look(&house);
        let dead = codes(&house).await;
        let of = |code: &str| dead.get(code).copied().unwrap_or(0);
        let told = of("CHANGE_UNREADABLE") + of("ORDER_UNREADABLE") == count && of("COMMAND_UNREADABLE") == count;
        if told && of("OUTCOME_UNREADABLE") == 1 && booked(&house.ledger().await) == 3 {
            assert_eq!(dead.values().sum::<usize>(), 2 * count + 1, "{dead:?}");
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{dead:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for service in ["mapper", "writer-visma", "ingestor-commerce"] {
        house.until_ready(service).await;
    }
    peak.look(&house);
    peak.hold(&format!("{count} times 8 MB"), ROOM);
}

/// A page of a list of other people's invoices.
fn rows(from: usize, to: usize, total: usize) -> String {
    let row = |number: usize| {
        format!(
            r#"{{"referenceNumber":"9{number:07}","documentType":"Invoice","status":"Open","amount":125.0,"externalReference":"other","lastModifiedDateTime":"2030-01-01T00:00:00","metadata":{{"totalCount":{total},"maxPageSize":1000}}}}"#
        )
    };
    format!("[{}]", (from..to).map(row).collect::<Vec<_>>().join(","))
}

fn figure(asked: &Asked, name: &str) -> usize {
    let query = asked.uri.query().unwrap_or_default();
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).unwrap_or(1)
}

/// The ingestor reads a Visma of its own, of which `invoices` makes the list; everybody else has the usual one.
async fn beside(house: &mut House, invoices: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Stub {
    let visma = Stub::start(move |asked| match asked.uri.path() {
        path if path.ends_with("/customerinvoice") => (200, invoices(asked)),
        path if path.ends_with("/branch") => (200, r#"[{"branchId":1,"number":"1","name":"Hoved"}]"#.to_owned()),
        _ => (200, "[]".to_owned()),
    })
    .await;
    // Nobody has kept yet that the connection is of the other Visma.
    house.keep_of_connection(None).await;
    for service in ["ingestor-commerce", "mapper", "writer-visma", "writer-commerce"] {
        house.installation.start_service(service).unwrap();
    }
    let own = [("ML__VISMA__BASE_URL".to_owned(), visma.url(""))];
    house.installation.start_service_with("ingestor-visma", &own).unwrap();
    visma
}

fn polled() -> Wishes {
    let wishes = Wishes::default().set("VISMA__POLL__ENTITIES", "customer, invoice");
    wishes.set("COMMERCE__POLL__INTERVAL", "500ms").set("VISMA__POLL__INTERVAL", "1s")
}

/// A list that is longer than any: it is read to its end, page by page, and the pages that were read are let go of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_very_many_rows_is_read_to_its_end_in_little_memory() {
    let count = wanted("ML_ROWS", 100_000);
    let mut house = House::prepare(polled()).await;
    house.place(4, 4).await;
    let _visma = beside(&mut house, move |asked| {
        let (page, size) = (figure(asked, "pageNumber"), figure(asked, "pageSize"));
        rows(((page - 1) * size).min(count), (page * size).min(count), count)
    })
    .await;
    let (started, mut peak) = (Instant::now(), Peak::of(&house));
    // Ready when each list was read to its end once.
    while house.readiness("ingestor-visma").await.as_deref() != Some("ready\n") {
        assert!(
            started.elapsed() < PATIENCE.max(Duration::from_millis(2) * u32::try_from(count).unwrap()),
            "{}",
            house.logs()
        );
        peak.look(&house);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.until_booked(4, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
    println!("{count} rows were read in {:.1?}", started.elapsed());
    peak.hold(&format!("{count} rows"), ROOM);
}

/// A page that is larger than what is read: refused before it is read, and told; the other lists and orders go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_very_many_megabytes_is_refused_and_told() {
    let page = rows(0, wanted("ML_ROWS", 100_000), 1);
    assert!(page.len() > 15_000_000);
    let mut house = House::prepare(polled().set("VISMA__MAX_BODY_BYTES", "8000000")).await;
    house.place(4, 4).await;
    let _visma = beside(&mut house, move |_| page.clone()).await;
    let (started, mut peak) = (Instant::now(), Peak::of(&house));
    let is_told = |said: &str| said.contains("visma.invoice: ") && said.contains("larger than 8000000 bytes");
    loop {
        peak.look(&house);
        let said = house.readiness("ingestor-visma").await.unwrap_or_default();
        if is_told(&said) {
            assert!(!said.contains("visma.customer"), "the other list is read: {said}");
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.until_booked(4, PATIENCE).await;
    peak.hold("a page of many megabytes", ROOM);
}
