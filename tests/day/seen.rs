//! Outcome of a day, by the two systems' own account.

use serde_json::Value;

use super::both;
use crate::house::House;

/// Outcome of the day.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Contents of both systems, before anything else was asked of them.
    pub(crate) ledger: Value,
    /// Code and sentence of each dead letter.
    pub(crate) letters: Vec<(String, String)>,
    /// Edits of customers that were looked for in Visma.
    pub(crate) edits: u64,
    /// Those of them that stand there.
    pub(crate) arrived: u64,
}

impl Seen {
    /// Looks at both systems, and in Visma for these edited customers of the shop.
    pub(crate) async fn of(house: &House, edited: &[u64]) -> Self {
        let (ledger, letters) = (house.ledger().await, house.dead_letters().await);
        let arrived = both::arrived(house, edited).await;
        Self { ledger, letters, edits: edited.len() as u64, arrived }
    }

    /// Calls to Visma, without those for tokens.
    pub(crate) fn calls(&self) -> u64 {
        self.ledger["calls"]["visma"]["total"].as_u64().unwrap()
    }

    /// Calls to Visma by kind, and how they were answered.
    pub(crate) fn calls_by_kind(&self) -> Vec<(String, u64, String)> {
        let kinds = self.ledger["calls"]["visma"]["by_kind"].as_object().unwrap();
        let kinds = kinds.iter().filter(|(kind, _)| !kind.ends_with("/connect/token"));
        kinds
            .map(|(kind, tally)| (kind.clone(), tally["calls"].as_u64().unwrap(), tally["statuses"].to_string()))
            .collect()
    }

    /// A number of the auditor's, or how many entries its list has.
    pub(crate) fn audit(&self, what: &str) -> u64 {
        size(&self.ledger["audit"][what])
    }

    /// Everything that must be zero, whatever happened.
    pub(crate) fn zeros(&self) -> [(&'static str, u64); 8] {
        [
            (
                "duplicates",
                self.sum(&["duplicates", "duplicate_customers", "duplicate_credit_notes", "doubled_comments"]),
            ),
            ("other totals", self.sum(&["totals_differ", "credit_memos/totals_differ"])),
            ("missing", self.sum(&["missing", "credit_memos/missing"])),
            ("unexpected", self.sum(&["unexpected", "unexpected_credit_notes"])),
            ("blind overwrites", self.audit("blind_overwrites")),
            ("lost edits", self.audit("lost_edits") + self.edits - self.arrived),
            ("calls over the limit", self.audit("calls_over_limit")),
            ("dead letters", self.letters.len() as u64),
        ]
    }

    fn sum(&self, lists: &[&str]) -> u64 {
        lists.iter().map(|list| size(self.ledger.pointer(&format!("/{list}")).unwrap())).sum()
    }

    /// Stops where something is not zero that must be.
    pub(crate) fn assert_zeros(&self, house: &House) {
        let wrong: Vec<_> = self.zeros().into_iter().filter(|(_, count)| *count > 0).collect();
        let Self { ledger, letters, .. } = self;
        assert!(wrong.is_empty(), "{wrong:?}\n{letters:#?}\n{ledger:#}\n{}", house.logs());
    }
}

fn size(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap(),
        Value::Array(items) => items.len() as u64,
        Value::Object(fields) => fields.len() as u64,
        other => panic!("{other} has no size"),
    }
}
