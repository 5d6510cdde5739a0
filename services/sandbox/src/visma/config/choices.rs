//! The settings that are one of a few words: most of them because Visma publishes no rule.

use serde::{Deserialize, Serialize};

/// Says whether `ipp-company-id` is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyHeader {
    /// Every call needs it (legacy tenants).
    Required,
    /// It is not looked at: the company is in the token.
    Ignored,
}

/// Result of a wrong `ipp-company-id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongCompany {
    /// Lists are empty, with 200: the silent failure that a connector has to find out.
    EmptyLists,
    /// The gateway refuses the call with 400 and its code 12002.
    Refused,
}

/// How VAT amounts are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VatRounding {
    /// Once per VAT code, on the sum of its lines (`calculateOn` of the code: `DocumentAmount`).
    PerCode,
    /// On each line (`calculateOn` of the code: `ItemAmount`).
    PerLine,
}

/// Effect of `taxDetailLines` of a written invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxDetailLines {
    /// Their VAT amounts replace the computed ones.
    Honoured,
    /// They are accepted and have no effect.
    Ignored,
}

/// Fate of an invoice line without `operation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineWithoutOperation {
    /// It is not inserted, and nobody is told (the documented behaviour).
    Dropped,
    /// The document is refused.
    Refused,
}

/// Says whether the order of a list holds from page to page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// Pages of unchanged data neither overlap nor leave gaps; within a page the order differs at each request.
    WithinPages,
    /// Every request has an order of its own, so that pages overlap and leave gaps.
    EveryRequest,
}

/// Answer to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseAnswer {
    /// `Queued`.
    Queued,
    /// `InProcess`.
    InProcess,
    /// `Done`, whether it is or not.
    Done,
    /// `Failed`: nothing is released.
    Failed,
}

impl ReleaseAnswer {
    /// `actionResult`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::InProcess => "InProcess",
            Self::Done => "Done",
            Self::Failed => "Failed",
        }
    }
}

/// Says who numbers customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerNumbering {
    /// The number series; a number that is sent counts only with `overrideNumberSeries`.
    Automatic,
    /// The caller: `number` is needed.
    Manual,
}

/// How `period` of a financial period is written ("the period no and the year").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeriodFormat {
    /// `202611`.
    #[serde(rename = "YYYYMM")]
    YearFirst,
    /// `11-2026`.
    #[serde(rename = "MM-YYYY")]
    MonthFirst,
}
