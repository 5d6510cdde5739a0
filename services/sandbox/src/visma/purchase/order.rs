//! Purchase orders. Nothing in Visma ties one to a web shop's order but the text that somebody wrote into it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{InputVat, StoredRecord, rate, supplier};
use crate::visma::clock;
use crate::visma::config::Config;
use crate::visma::list::{self, Row};
use crate::visma::query::Query;
use crate::visma::text::{day, money, number, round, scaled};

const TYPES: [&str; 4] = ["RegularOrder", "DropShip", "Blanket", "StandardBlanket"];
const STATUSES: [&str; 9] =
    ["Balanced", "Cancelled", "Closed", "Hold", "Open", "PendingEmail", "PendingPrint", "Printed", "Voided"];

/// A purchase order, in the form of the test's door.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurchaseOrder {
    /// Its number; absent means the next of the series.
    pub order_nbr: Option<String>,
    /// `RegularOrder`, `DropShip`, `Blanket` or `StandardBlanket`.
    pub order_type: String,
    /// Its status, as the API names it.
    pub status: String,
    /// Its date; absent means today.
    pub date: Option<Date>,
    /// When the goods shall come.
    pub promised_on: Option<Date>,
    /// The supplier's number.
    pub supplier: String,
    /// The reference at the supplier.
    pub supplier_ref: Option<String>,
    /// Text that people wrote about it.
    pub description: Option<String>,
    /// The note on the document.
    pub note: Option<String>,
    /// `salesOrderNbr`: an order of Visma's own sales module.
    pub sales_order_nbr: Option<String>,
    /// `customStr1` to `customStr5`, by that name; shown on demand only.
    pub custom: BTreeMap<String, String>,
    /// Its currency; absent means the supplier's.
    pub currency: Option<String>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// A line of a purchase order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderLine {
    /// The item.
    pub inventory: Option<String>,
    /// Text that says what it is.
    pub description: String,
    /// How much is ordered.
    pub quantity: Decimal,
    /// How much has come.
    pub received: Decimal,
    /// The cost of one.
    pub unit_cost: Decimal,
    /// The VAT id.
    pub vat: String,
    /// True when nothing more will come.
    pub completed: bool,
    /// True when it was cancelled.
    pub canceled: bool,
    /// The note on the line.
    pub note: Option<String>,
}

impl Default for PurchaseOrder {
    fn default() -> Self {
        Self {
            order_nbr: None,
            order_type: "RegularOrder".to_owned(),
            status: "Open".to_owned(),
            date: None,
            promised_on: None,
            supplier: "50000".to_owned(),
            supplier_ref: None,
            description: None,
            note: None,
            sales_order_nbr: None,
            custom: BTreeMap::new(),
            currency: None,
            lines: vec![OrderLine::default()],
        }
    }
}

impl Default for OrderLine {
    fn default() -> Self {
        Self {
            inventory: None,
            description: "Vare".to_owned(),
            quantity: Decimal::ONE,
            received: Decimal::ZERO,
            unit_cost: Decimal::ONE_HUNDRED,
            vat: "1".to_owned(),
            completed: false,
            canceled: false,
            note: None,
        }
    }
}

impl OrderLine {
    fn amount(&self) -> Decimal {
        round(self.quantity * self.unit_cost, 2)
    }

    fn shown(&self, line_nbr: usize, config: &Config) -> Value {
        let vat = config.chart.vat(&self.vat).map(|vat| &vat.description);
        let item = self.inventory.as_ref().map(|item| json!({ "number": item, "description": self.description }));
        json!({
            "lineNbr": line_nbr, "inventory": item,
            "lineType": if self.inventory.is_some() { "GoodsForInventory" } else { "Service" },
            "warehouse": { "id": "1", "description": "Hovedlager" }, "lineDescription": self.description, "uom": "STK",
            "orderQty": number(scaled(self.quantity, 6)), "qtyOnReceipts": number(scaled(self.received, 6)),
            "unitCost": number(scaled(self.unit_cost, 6)), "extCost": money(self.amount()),
            "amount": money(self.amount()), "receivedAmt": money(round(self.received * self.unit_cost, 2)),
            "taxCategory": { "id": self.vat, "description": vat },
            "account": { "type": "Expense", "number": "4300", "description": "Innkjøp av varer" },
            "completed": self.completed, "canceled": self.canceled, "note": self.note,
        })
    }
}

impl PurchaseOrder {
    /// Checks that all that it names exists.
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        supplier(config, &self.supplier)?;
        if !TYPES.contains(&self.order_type.as_str()) {
            return Err(format!("there is no order type {}", self.order_type));
        }
        if !STATUSES.contains(&self.status.as_str()) {
            return Err(format!("a purchase order has no status {}", self.status));
        }
        let custom = ["customStr1", "customStr2", "customStr3", "customStr4", "customStr5"];
        match self.custom.keys().find(|name| !custom.contains(&name.as_str())) {
            Some(name) => Err(format!("there is no free field {name}")),
            None => Ok(()),
        }
    }

    /// The number, which a held order always has.
    pub(in crate::visma) fn nbr(&self) -> &str {
        self.order_nbr.as_deref().unwrap_or_default()
    }
}

impl StoredRecord<PurchaseOrder> {
    /// The order as JSON; the free fields are shown when they are asked for.
    pub(in crate::visma) fn shown(&self, config: &Config, query: &Query) -> Value {
        let order = &self.content;
        let supplier = supplier(config, &order.supplier).ok();
        let currency = order.currency.as_ref().or(supplier.map(|one| &one.currency)).cloned().unwrap_or_default();
        let rate = rate(config, &currency);
        let mut vat = InputVat::default();
        for line in order.lines.iter().filter(|line| !line.canceled) {
            vat.add(&line.vat, line.amount(), config);
        }
        let total: Decimal = order.lines.iter().filter(|line| !line.canceled).map(OrderLine::amount).sum();
        let base = |amount: Decimal| money(round(amount * rate, 2));
        let lines = order.lines.iter().zip(1..).map(|(line, nbr)| line.shown(nbr, config));
        let mut shown = json!({
            "orderType": order.order_type, "orderNbr": order.order_nbr, "status": order.status,
            "hold": order.status == "Hold", "date": order.date.map(day), "promisedOn": order.promised_on.map(day),
            "description": order.description,
            "supplier": {
                "internalId": supplier.map(|one| one.internal_id), "number": order.supplier,
                "name": supplier.map(|one| &one.name),
            },
            "supplierRef": order.supplier_ref, "currency": currency, "exchangeRate": number(scaled(rate, 8)),
            "salesOrderType": order.sales_order_nbr.as_ref().map(|_| "SO"), "salesOrderNbr": order.sales_order_nbr,
            "lineTotal": money(total), "lineTotalInBaseCurrency": base(total),
            "taxTotal": money(vat.total()), "taxTotalInBaseCurrency": base(vat.total()),
            "orderTotal": money(total + vat.total()), "orderTotalInBaseCurrency": base(total + vat.total()),
            "branch": { "number": "1", "name": config.chart.branch("1").map(|branch| &branch.name) },
            "lines": lines.collect::<Vec<_>>(), "taxDetails": vat.shown(config), "purchaseReceipts": [],
            "note": order.note, "lastModifiedDateTime": clock::shown(self.stamps.modified),
            "timeStamp": self.stamps.time_stamp(), "errorInfo": "",
        });
        if let (true, Some(into)) = (query.flag("includecustomfreefields"), shown.as_object_mut()) {
            into.extend(order.custom.iter().map(|(name, value)| (name.clone(), json!(value))));
        }
        shown
    }
}

impl Row for StoredRecord<PurchaseOrder> {
    fn place(&self) -> u64 {
        self.id
    }

    fn open_object(&self, config: &Config, query: &Query) -> String {
        list::opened(&self.shown(config, query))
    }
}
