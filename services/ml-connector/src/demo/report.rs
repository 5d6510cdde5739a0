//! Report of the demo: one table of what happened, or one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use operator::dead_letters::{self, DeadLetter};
use operator::orders;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::stand::Installation;
use crate::stand::process::Usage;

/// Result of the demo.
pub(super) struct Report {
    ledger: Value,
    dead: Vec<DeadLetter>,
    left_alone: BTreeMap<String, u64>,
    latencies: Vec<u64>,
    usage: Usage,
    took: Duration,
}

impl Report {
    pub(super) async fn of(installation: &Installation, took: Duration) -> anyhow::Result<Self> {
        let log = installation.log().await?;
        Ok(Self {
            ledger: installation.ask("ledger").await?,
            dead: dead_letters::list(&log).await?,
            left_alone: orders::left_alone(&log).await?,
            latencies: orders::latencies(&log).await?,
            usage: installation.usage(),
            took,
        })
    }

    fn by_code(&self) -> BTreeMap<&str, Vec<&DeadLetter>> {
        let mut by_code: BTreeMap<&str, Vec<&DeadLetter>> = BTreeMap::new();
        for letter in &self.dead {
            by_code.entry(&letter.code).or_default().push(letter);
        }
        by_code
    }

    fn count(&self, list: &str) -> usize {
        match self.ledger.get(list) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(items)) => items.len(),
            _ => 0,
        }
    }

    fn number(&self, pointer: &str) -> u64 {
        self.ledger.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
    }

    fn amounts(&self, side: &str) -> BTreeMap<String, String> {
        let amounts = self.ledger.pointer(&format!("/{side}/amounts")).and_then(Value::as_object);
        let text = |amount: &Value| amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
        let two = |text: String| text.parse::<Decimal>().map_or(text, |d| format!("{:.2}", d.round_dp(2)));
        amounts.into_iter().flatten().map(|(currency, amount)| (currency.clone(), two(text(amount)))).collect()
    }

    fn calls_per_order(&self) -> Decimal {
        let calls = Decimal::from(self.number("/calls/visma/total"));
        calls.checked_div(Decimal::from(self.number("/orders/count"))).unwrap_or_default().round_dp(2)
    }

    fn percentile(&self, percent: usize) -> u64 {
        let place = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).copied().unwrap_or(0)
    }

    /// One machine-readable summary.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let dead: BTreeMap<_, _> = self.by_code().into_iter().map(|(code, letters)| (code, letters.len())).collect();
        let summary = json!({
            "orders": self.ledger.get("orders"),
            "invoices": self.ledger.get("invoices"),
            "customers": self.ledger.get("customers"),
            "duplicates": self.ledger.get("duplicates"),
            "missing": self.ledger.get("missing"),
            "totals_differ": self.ledger.get("totals_differ"),
            "unbalanced": self.ledger.get("unbalanced"),
            "duplicate_customers": self.ledger.get("duplicate_customers"),
            "left_alone": self.left_alone,
            "dead_letters": dead,
            "calls": self.ledger.get("calls"),
            "visma_calls_per_order": self.calls_per_order(),
            "latency_ms": { "p50": self.percentile(50), "p99": self.percentile(99) },
            "services_resident_bytes": self.usage.share,
            "services_cpu_ms": self.usage.cpu.as_millis() as u64,
            "seconds": self.took.as_secs(),
        });
        Ok(serde_json::to_string_pretty(&summary)? + "\n")
    }

    /// The tables.
    pub(super) fn tables(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["", "Adobe Commerce", "Visma.net"]);
        let mut row = |what: &str, left: String, right: String| {
            table.add_row([what.to_owned(), left, right]);
        };
        row("orders → invoices", self.number("/orders/count").to_string(), self.number("/invoices/count").to_string());
        let (orders, invoices) = (self.amounts("orders"), self.amounts("invoices"));
        for (currency, amount) in &orders {
            row(&format!("total {currency}"), amount.clone(), invoices.get(currency).cloned().unwrap_or_default());
        }
        row("customers", String::new(), self.number("/customers").to_string());
        let calls = |system: &str| self.number(&format!("/calls/{system}/total")).to_string();
        row("calls", calls("commerce"), calls("visma"));
        row("calls per order", String::new(), self.calls_per_order().to_string());
        for column in 1..=2 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n{}", self.findings())
    }

    /// Orders that wait or are out of scope, with the codes that say why.
    fn left_alone(&self) -> String {
        let codes: Vec<String> = self.left_alone.iter().map(|(code, count)| format!("{count} × {code}")).collect();
        let all: u64 = self.left_alone.values().sum();
        if codes.is_empty() { all.to_string() } else { format!("{all} ({})", codes.join(", ")) }
    }

    fn findings(&self) -> String {
        let mut lines = vec![
            format!("duplicate invoices       {}", self.count("duplicates")),
            format!("orders without invoice   {}", self.count("missing")),
            format!("  of these, on purpose   {}", self.left_alone()),
            format!("totals that differ       {}", self.count("totals_differ")),
            format!("dead letters             {}", self.dead.len()),
        ];
        for (code, letters) in self.by_code() {
            let sentence = letters.first().map_or("", |letter| &letter.sentence);
            lines.push(format!("  {} × {code}: {sentence}", letters.len()));
        }
        let Usage { share, cpu, .. } = self.usage;
        lines.push(format!(
            "order read → invoice in Visma: p50 {} ms, p99 {} ms",
            self.percentile(50),
            self.percentile(99)
        ));
        lines.push(format!("services together: {} MB resident, {} ms of CPU", share / 1_000_000, cpu.as_millis()));
        lines.join("\n") + "\n"
    }

    /// Checks that what both sides hold agrees, as far as nothing was given up on.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let lists = ["duplicates", "totals_differ", "unbalanced", "duplicate_customers"];
        let wrong: usize = lists.iter().map(|list| self.count(list)).sum();
        anyhow::ensure!(
            wrong == 0,
            "Visma holds duplicates, wrong totals or accounts that do not balance; this is a defect"
        );
        Ok(())
    }
}

/// Lists what a person can look at while everything stays up.
pub(super) fn how_to_look_further(installation: &Installation) -> String {
    let Installation { visma, broker, .. } = installation;
    format!(
        "\nboth ledgers      curl http://{visma}/_sandbox/ledger\n\
         Visma's calls     curl 'http://{visma}/_sandbox/log?since=0'\n\
         the streams       nats --server {url} stream ls\n\
         an order's life   nats --server {url} stream view CHANGES --subject 'change.main.commerce.order.>'\n\
         dead letters      ml-connector --config {config} dead-letters\n\
         logs, settings    {folder}",
        url = broker.url(),
        config = installation.config.display(),
        folder = installation.folder().display(),
    )
}
