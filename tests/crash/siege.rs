//! An installation under siege: every service reaches the broker through a tap of its own, and is killed at it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ml_connector::stand::tap::Tap;
use serde_json::{Value, json};

use super::settled::{Expected, until_all_settled};
use super::window::{Entity, INGESTOR, MAPPER, Place, Vendor, WRITER, Window};
use crate::hold::Hold;
use crate::house::{House, Wishes};

/// How long the sandbox may work on a request that it holds; later it gives up, as Visma does after four minutes.
///
/// A document in doubt is sent again when it is absent `DOUBT_WAIT` after its intent. Before that a send may begin up
/// to `SEND_WITHIN` after the intent, the sandbox may commit up to this much later, and its lists lag behind by
/// `LIST_LAG_MS`: 1 s + 5 s + 0.2 s, and the rest for the request's way and for the test to hear of it on a busy
/// machine, make the 8 s.
const VISMA_WORKS: Duration = Duration::from_secs(5);
/// When it goes on late: after the time in which the writer is back, has its delivery again (`ACK_WAIT`), and has
/// looked.
const LATE: Duration = Duration::from_secs(4);
const ACK_WAIT: &str = "2s";
const SEND_WITHIN: &str = "1s";
const DOUBT_WAIT: &str = "8s";
const LIST_LAG_MS: u64 = 200;
/// Orders placed for one kill.
const ORDERS: u64 = 4;
/// Orders are placed again when the window was not reached by then.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Siege {
    house: House,
    taps: HashMap<&'static str, Tap>,
    /// Seed of the sandbox's orders.
    shop: u64,
    started: Instant,
    kills: u64,
    expected: Expected,
    /// Customers who have ordered so far.
    customers: u64,
}

/// Counts that the books give in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    kills: u64,
    expected: Expected,
    duplicates: u64,
    missing: u64,
    wrong_totals: u64,
    duplicate_customers: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.expected.add(&other.expected);
        self.duplicates += other.duplicates;
        self.missing += other.missing;
        self.wrong_totals += other.wrong_totals;
        self.duplicate_customers += other.duplicate_customers;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kills, expected, duplicates, missing, wrong_totals, duplicate_customers } = self;
        write!(
            f,
            "kills {kills}: duplicates {duplicates}, missing {missing}, wrong totals {wrong_totals}, duplicate \
             customers {duplicate_customers} ({expected})"
        )
    }
}

impl Siege {
    pub(crate) async fn start(shop: u64, batch_from: u64) -> Self {
        let wishes = Wishes::default()
            .set("COMMERCE__POLL__INTERVAL", "300ms")
            // No poll reads the list that look-ups are counted on.
            .set("VISMA__POLL__ENTITIES", "customer, purchaseorder")
            .set("NATS__ACK_WAIT", ACK_WAIT)
            .set("NATS__PUBLISH_TIMEOUT", "3s")
            .set("NATS__BATCH_FROM", &batch_from.to_string())
            .set("VISMA__CREATE__DOUBT_WAIT", DOUBT_WAIT)
            .set("VISMA__CREATE__SEND_WITHIN", SEND_WITHIN)
            // Killed again and again on one document: when a person would be asked is not what is tested.
            .set("VISMA__CREATE__ATTEMPTS", "20")
            .sandbox("--seed", &shop.to_string())
            .sandbox("--visma-config", &json!({ "list_lag_ms": LIST_LAG_MS }).to_string());
        let mut house = House::prepare(wishes).await;
        let mut taps = HashMap::new();
        for service in [INGESTOR, MAPPER, WRITER] {
            taps.insert(service, Tap::open(house.installation.broker.address).await.unwrap());
        }
        house.installation.start_service("ingestor-visma").unwrap();
        let expected = Expected::default();
        let mut siege = Self { house, taps, shop, started: Instant::now(), kills: 0, expected, customers: ORDERS };
        for service in [INGESTOR, MAPPER, WRITER] {
            siege.start_service(service);
        }
        siege
    }

    /// Kills a service in a window that the `nth` document comes to, and starts it again.
    pub(crate) async fn kill_in(&mut self, window: Window, nth: u64) {
        self.kills += 1;
        let at = self.started.elapsed();
        eprintln!("shop {}, kill {} after {at:.1?}: {window:?}, document {nth}", self.shop, self.kills);
        let service = window.service();
        self.lead_to(window).await;
        match window.place(nth) {
            Place::Wire(side, meant) => {
                let stop = self.taps[service].stop_at(side, meant);
                self.provoke_until(window, stop.reached()).await;
                self.kill(service);
                drop(stop); // Only now: a service whose connection is cut while it lives would connect again.
                self.start_service(service);
            }
            Place::Visma { point, call: (method, path), vendor } => {
                let on = json!({ "system": "visma", "method": method, "path": path, "nth": nth });
                let hold = Hold::arm(&self.house, &json!({ "point": point, "on": on })).await;
                self.provoke_until(window, hold.reached()).await;
                let reached = Instant::now();
                self.kill(service);
                self.end(&hold, vendor, reached).await;
            }
            Place::Time(after) => {
                self.place_orders(ORDERS).await;
                tokio::time::sleep(after).await;
                self.kill(service);
                self.start_service(service);
            }
        }
    }

    /// Kills the broker when a message of this window is on its way, and starts it again on what it has on disk.
    pub(crate) async fn kill_broker_in(&mut self, window: Window, nth: u64) {
        self.kills += 1;
        eprintln!("broker, kill {}: {window:?}, document {nth}", self.kills);
        let Place::Wire(side, meant) = window.place(nth) else { panic!("{window:?} is not on the wire") };
        let stop = self.taps[window.service()].stop_at(side, meant);
        self.provoke_until(window, stop.reached()).await;
        self.house.installation.broker.kill_and_restart().await.unwrap();
    }

    /// Ends the request whose client is gone, as `vendor` says, and starts the service before or after that.
    async fn end(&mut self, hold: &Hold, vendor: Vendor, reached: Instant) {
        match vendor {
            Vendor::GoesOn => {
                hold.client_gone().await;
                hold.end("release").await;
                self.start_service(WRITER);
            }
            Vendor::GivesUp => {
                hold.end("abort").await;
                self.start_service(WRITER);
            }
            Vendor::GoesOnLate => {
                self.start_service(WRITER);
                let looks = self.looks().await;
                while reached.elapsed() < LATE || self.looks().await <= looks + 1 && reached.elapsed() < VISMA_WORKS {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                // On a machine so busy that the limit has passed, the sandbox keeps to it.
                hold.end(if reached.elapsed() < VISMA_WORKS { "release" } else { "abort" }).await;
            }
        }
    }

    /// Waits until everything is settled, and holds both systems' books against each other.
    pub(crate) async fn settle(&self) -> Tally {
        let ledger = until_all_settled(&self.house, &self.expected).await;
        let count = |list: &str| match ledger.pointer(list) {
            Some(Value::Array(items)) => items.len() as u64,
            Some(Value::Object(items)) => items.len() as u64,
            other => panic!("{list} is {other:?}"),
        };
        Tally {
            kills: self.kills,
            expected: self.expected.clone(),
            duplicates: count("/duplicates") + count("/duplicate_credit_notes"),
            // An order that was cancelled has no invoice in the end.
            missing: count("/missing") - self.expected.cancelled
                + count("/credit_memos/missing")
                + count("/uncancelled"),
            wrong_totals: count("/totals_differ") + count("/credit_memos/totals_differ"),
            duplicate_customers: count("/duplicate_customers"),
        }
    }

    /// Books orders before the window of a later document: such a document needs one that stands in Visma.
    async fn lead_to(&mut self, window: Window) {
        if window.entity().is_some_and(Entity::is_later) {
            // Each takes one order that nothing was done to, and not every one will do.
            self.place_orders(ORDERS).await;
            until_all_settled(&self.house, &self.expected).await;
        }
    }

    /// Lets come what leads to the window.
    async fn provoke(&mut self, window: Window) {
        let happening = match window.entity() {
            Some(Entity::Customer) => return self.place_orders(self.customers + 3).await,
            Some(Entity::Invoice) | None => return self.place_orders(ORDERS).await,
            Some(Entity::CreditNote) => "credit_memos",
            Some(Entity::Cancellation) => "cancellations",
            Some(Entity::Rest) => "part_cancellations",
            Some(Entity::Edit) => "customer_edits",
        };
        let mut day = json!({
            "seed": self.kills, "orders": 0, "new_customers": 0, "customer_edits": 0, "credit_memos": 0,
            "webhook": false,
        });
        day[happening] = json!(1);
        let happened = self.house.installation.tell_shop("commerce/day", &day).await.unwrap();
        let ids = |list: &str| happened[list].as_array().into_iter().flatten().filter_map(Value::as_u64);
        self.expected.credited += ids("credit_memos").count() as u64;
        self.expected.cancelled += ids("canceled_orders").count() as u64;
        self.expected.rests += ids("partly_canceled_orders").count() as u64;
        self.expected.moved.extend(ids("edited_customers"));
    }

    /// Lets documents come until the window is reached: how many of a kind orders become is for the mapping to say.
    async fn provoke_until(&mut self, window: Window, reached: impl Future<Output = ()>) {
        tokio::pin!(reached);
        for _ in 0..4 {
            self.provoke(window).await;
            if tokio::time::timeout(PATIENCE, &mut reached).await.is_ok() {
                return;
            }
        }
        panic!("{window:?} was never reached\n{}", self.house.logs());
    }

    async fn place_orders(&mut self, count: u64) {
        self.house.place(count as usize, count as usize).await;
        self.expected.orders += count;
        self.customers = self.customers.max(count);
    }

    /// Look-ups of invoices so far, and a reading of their list for each start of the writer; nothing else reads it.
    async fn looks(&self) -> u64 {
        let calls = self.house.installation.ask("calls").await.unwrap();
        calls["visma"]["by_kind"]["GET /v1/customerinvoice"]["calls"].as_u64().unwrap_or(0)
    }

    fn kill(&mut self, service: &str) {
        self.house.installation.take_service(service).unwrap().kill();
    }

    fn start_service(&mut self, service: &str) {
        let tapped = ("ML__NATS__URL".to_owned(), self.taps[service].url());
        self.house.installation.start_service_with(service, &[tapped]).unwrap();
    }
}
