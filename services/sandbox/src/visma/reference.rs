//! Reference data as it is read: accounts, VAT ids, dimensions and so on. These lists have no pages.

use axum::response::Response;
use http::StatusCode;
use jiff::Span;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::chart::{
    Account, Branch, CashAccount, Chart, CreditTerms, Currency, CustomerClass, PaymentMethod, Segment, SegmentValue,
    Vat, VatZone,
};
use super::clock;
use super::config::{Config, PeriodFormat, VatRounding};
use super::query::Query;
use super::reply::{self, VismaRefusal};
use super::route::Reference;
use super::text::{day, number};

/// The one dimension of this company: the structure of its subaccounts.
const SUBACCOUNT: &str = "SUBACCOUNT";

/// When the reference data was last changed.
const LAST_MODIFIED: &str = "2026-01-02T08:00:00";

/// A whole list.
pub(super) fn list(config: &Config, kind: Reference, query: &Query) -> Response {
    let records: Vec<Value> = all(config, kind);
    let body = match kind {
        Reference::CreditTerm => {
            let records: Vec<&Value> =
                records.iter().filter(|terms| query.fits("termsid", terms["termsId"].as_str())).collect();
            let page = query.page(config.max_page_size);
            let shown: Vec<&&Value> = records.iter().skip(page.skip).take(page.size).collect();
            let envelope = json!({
                "pageNumber": page.skip / page.size.max(1) + 1, "pageSize": page.size,
                "totalCount": records.len(), "records": shown,
            });
            if config.envelope_in_array { json!([envelope]) } else { envelope }
        }
        Reference::Account => records.into_iter().filter(|account| active(query, account)).collect(),
        Reference::Dimension => json!([SUBACCOUNT]),
        _ => Value::Array(records),
    };
    reply::json(StatusCode::OK, body.to_string())
}

/// One record by its key.
///
/// # Errors
/// [`VismaRefusal::NotFound`]; credit terms have no read by key at all.
pub(super) fn read(config: &Config, kind: Reference, key: &str, query: &Query) -> Result<Response, VismaRefusal> {
    let found = match kind {
        Reference::Dimension if key.eq_ignore_ascii_case(SUBACCOUNT) => {
            Some(dimension(config, query.flag("expandsegmentsvalues")))
        }
        Reference::Dimension | Reference::CreditTerm => None,
        _ => {
            let name = key_of(kind);
            all(config, kind).into_iter().find(|record| record[name].as_str() == Some(key))
        }
    };
    found.map(|record| reply::json(StatusCode::OK, record.to_string())).ok_or(VismaRefusal::NotFound)
}

/// A segment of the dimension with all its values, or one of its values.
///
/// # Errors
/// [`VismaRefusal::NotFound`].
pub(super) fn segment(
    config: &Config,
    dimension: &str,
    segment: &str,
    value: Option<&str>,
) -> Result<Response, VismaRefusal> {
    let mut segments = config.chart.segments.iter().filter(|_| dimension.eq_ignore_ascii_case(SUBACCOUNT));
    let found = segments.find(|known| known.id.to_string() == segment).ok_or(VismaRefusal::NotFound)?;
    let shown = match value {
        None => shown_segment(found, true),
        Some(value) => {
            let known = found.values.iter().find(|known| known.id == value).ok_or(VismaRefusal::NotFound)?;
            shown_value(found, known)
        }
    };
    Ok(reply::json(StatusCode::OK, shown.to_string()))
}

/// The filter `active` of the accounts.
fn active(query: &Query, account: &Value) -> bool {
    query.get("active").is_none() || account["active"].as_bool() == Some(query.flag("active"))
}

fn key_of(kind: Reference) -> &'static str {
    match kind {
        Reference::Account => "accountCD",
        Reference::Branch | Reference::CashAccount => "number",
        Reference::CreditTerm => "termsId",
        Reference::Currency | Reference::CustomerClass | Reference::Dimension | Reference::VatZone => "id",
        Reference::FinancialPeriod => "period",
        Reference::Organization => "organizationId",
        Reference::PaymentMethod => "paymentMethodID",
        Reference::Vat => "vatId",
        Reference::VatCategory => "vatCategoryId",
    }
}

fn all(config: &Config, kind: Reference) -> Vec<Value> {
    let chart = &config.chart;
    match kind {
        Reference::Account => chart.accounts.iter().enumerate().map(|(i, a)| shown_account(chart, i, a)).collect(),
        Reference::Branch => chart.branches.iter().enumerate().map(|(i, b)| shown_branch(config, i, b)).collect(),
        Reference::CashAccount => chart.cash_accounts.iter().map(shown_cash_account).collect(),
        Reference::CreditTerm => chart.credit_terms.iter().map(shown_terms).collect(),
        Reference::Currency => chart.currencies.iter().enumerate().map(|(i, c)| shown_currency(i, c)).collect(),
        Reference::CustomerClass => chart.customer_classes.iter().map(shown_class).collect(),
        Reference::Dimension => vec![dimension(config, false)],
        Reference::FinancialPeriod => periods(config),
        Reference::Organization => organizations(config),
        Reference::PaymentMethod => chart.payment_methods.iter().map(shown_method).collect(),
        Reference::VatCategory => chart.vats.iter().map(shown_category).collect(),
        Reference::Vat => chart.vats.iter().map(|vat| shown_vat(config, vat)).collect(),
        Reference::VatZone => chart.vat_zones.iter().map(shown_zone).collect(),
    }
}

fn shown_account(chart: &Chart, place: usize, account: &Account) -> Value {
    let cash = chart.cash_accounts.iter().any(|cash| cash.number == account.number);
    json!({
        "accountID": place + 1, "accountCD": account.number, "accountClass": "", "type": account.kind,
        "active": account.active, "description": account.description, "useDefaultSub": false,
        "postOption": "Summary", "currency": null, "taxCategory": null, "cashAccount": cash,
        "controlAccountModule": account.control_module, "allowManualEntry": account.control_module.is_none(),
        "lastModifiedDateTime": LAST_MODIFIED, "timeStamp": "AAAAAAAAB9E=", "errorInfo": "",
    })
}

fn shown_cash_account(account: &CashAccount) -> Value {
    json!({
        "number": account.number, "description": account.description, "currency": account.currency,
        "entryTypes": [], "lastModifiedDateTime": LAST_MODIFIED,
    })
}

fn shown_method(method: &PaymentMethod) -> Value {
    json!({
        "paymentMethodID": method.id, "description": method.description, "active": method.active,
        "meansOfPayment": "CashOrCheck", "useInAP": true, "details": [],
    })
}

/// Each VAT id has the category of its own name here.
fn shown_category(vat: &Vat) -> Value {
    json!({
        "vatCategoryId": vat.id, "description": vat.description, "active": true, "excludeListedTaxes": false,
        "vatCategoryLines": [{ "vatId": vat.id, "description": vat.description }],
        "lastModifiedDateTime": LAST_MODIFIED,
    })
}

fn shown_branch(config: &Config, place: usize, branch: &Branch) -> Value {
    let currency = config.chart.currencies.first();
    let zone = config.chart.vat_zones.first();
    json!({
        "branchId": place + 1, "number": branch.number, "name": branch.name, "organizationId": 1,
        "isMainBranch": place == 0, "isActive": true, "corporateId": branch.corporate_id,
        "vatRegistrationId": format!("NO{}MVA", branch.corporate_id),
        "currency": { "id": currency.map(|c| &c.id), "symbol": "kr", "description": currency.map(|c| &c.description) },
        "vatZone": { "id": zone.map(|zone| &zone.id), "description": zone.map(|zone| &zone.description) },
        "ledger": { "id": "1", "description": "Hovedbok" },
        "lastModifiedDateTime": LAST_MODIFIED,
    })
}

fn organizations(config: &Config) -> Vec<Value> {
    let main = config.chart.branches.first();
    vec![json!({
        "organizationId": "1", "organizationName": main.map(|branch| &branch.name), "organizationType": "Company",
        "lastModifiedDateTime": LAST_MODIFIED,
    })]
}

fn shown_terms(terms: &CreditTerms) -> Value {
    json!({
        "termsId": terms.id, "description": terms.description, "visibleTo": "AL", "dueDateType": "N",
        "moveDueDateIfOnTheWeekend": "1", "dueDay1": terms.days, "discountType": "N", "discountDay": 0,
        "discountPercent": 0, "instalmentType": "S", "numberOfInstalments": 0,
        "createdDateTime": LAST_MODIFIED, "lastModifiedDateTime": LAST_MODIFIED,
    })
}

fn shown_currency(place: usize, currency: &Currency) -> Value {
    json!({
        "id": currency.id, "description": currency.description, "symbol": currency.id,
        "isBaseCurrency": place == 0, "decimalPrecision": currency.decimals, "isUsedForAccounting": true,
    })
}

fn shown_class(class: &CustomerClass) -> Value {
    json!({
        "id": class.id, "description": class.description, "taxZoneId": class.vat_zone,
        "requiredTaxzoneId": class.requires_vat_zone, "paymentMethodId": class.payment_method, "attributes": [],
    })
}

fn shown_zone(zone: &VatZone) -> Value {
    json!({
        "id": zone.id, "description": zone.description, "defaultVatCategory": zone.default_vat, "errorInfo": "",
    })
}

fn shown_vat(config: &Config, vat: &Vat) -> Value {
    let in_zone = |zone: &&VatZone| config.takes(zone, &vat.id);
    let zones: Vec<Value> = config.chart.vat_zones.iter().filter(in_zone).map(shown_zone).collect();
    let group = if vat.input { "Input" } else { "Output" };
    let calculate_on = match config.vat_rounding {
        VatRounding::PerCode => "DocumentAmount",
        VatRounding::PerLine => "ItemAmount",
    };
    json!({
        "vatCategoryId": vat.id, "vatId": vat.id, "description": vat.description,
        "type": if vat.exempt { "ExemptVat" } else { "Vat" },
        "deductibleVat": false, "reverseVat": false, "statisticalVat": false, "pendingVat": false,
        "includeinVatExemptTotal": vat.exempt, "includeinVatTotal": !vat.exempt, "enterFromVatInvoice": false,
        "calculateOn": calculate_on, "cashDiscount": "NoAdjust",
        "notValidAfter": vat.not_valid_after.map(day),
        "schedules": [{
            "startDate": "2000-01-01T00:00:00", "vatRate": number(vat.rate), "minTaxableAmt": 0, "maxTaxableAmt": 0,
            "reportingGroup": format!("Default {group} Group"), "groupType": group, "deductibleVatRate": 0,
        }],
        "categories": [{ "vatCategoryId": vat.id, "description": vat.description, "active": true }],
        "zones": zones, "lastModifiedDateTime": LAST_MODIFIED,
    })
}

fn dimension(config: &Config, with_values: bool) -> Value {
    let segments: Vec<Value> =
        config.chart.segments.iter().map(|segment| shown_segment(segment, with_values)).collect();
    let length: usize = config.chart.segments.iter().map(|segment| segment.length).sum();
    json!({ "id": SUBACCOUNT, "description": "Subaccount", "length": length, "segments": segments })
}

fn shown_segment(segment: &Segment, with_values: bool) -> Value {
    let values: Vec<Value> =
        segment.values.iter().filter(|_| with_values).map(|value| shown_value(segment, value)).collect();
    json!({
        "segmentId": segment.id, "description": segment.description, "length": segment.length,
        "publicId": segment.id.to_string(), "validate": segment.validate, "isAutoNumber": false,
        "segmentValues": values, "lastModified": LAST_MODIFIED, "timeStamp": "AAAAAAAAB9E=",
    })
}

fn shown_value(segment: &Segment, value: &SegmentValue) -> Value {
    json!({
        "segmentId": segment.id, "valueId": value.id, "description": value.description,
        "publicId": format!("{}-{}", segment.id, value.id), "active": value.active, "mappedSegValue": null,
        "lastModified": LAST_MODIFIED, "timeStamp": "AAAAAAAAB9E=",
    })
}

/// Months from a year before this one to the end of the next.
fn periods(config: &Config) -> Vec<Value> {
    let this_year = config.today.unwrap_or_else(|| clock::now(config).date()).year();
    let months = (0..36).filter_map(|month: i64| {
        let start = Date::new(this_year - 1, 1, 1).ok()?;
        start.checked_add(Span::new().months(month)).ok()
    });
    months.map(|start| shown_period(config, start)).collect()
}

fn shown_period(config: &Config, start: Date) -> Value {
    let closed = config.closed_periods.contains(&start.strftime("%Y%m").to_string());
    let period = match config.period_format {
        PeriodFormat::YearFirst => start.strftime("%Y%m"),
        PeriodFormat::MonthFirst => start.strftime("%m-%Y"),
    };
    json!({
        "year": start.year(), "period": period.to_string(), "description": start.strftime("%B %Y").to_string(),
        "startDate": day(start), "endDate": day(start.last_of_month()), "active": true,
        "closedInSupplierLedger": closed, "closedInCustomerLedger": closed, "closedInInventoryManagement": closed,
        "closedInGeneralLedger": closed, "closedInCashManagement": closed, "closedInFixedAssets": closed,
    })
}
