//! A day's supplier invoices, for the demo and for figures: some serve a sales order, some serve none.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{InvoiceLine, OrderLine, PurchaseOrder, SupplierInvoice};
use crate::visma::books::Books;

/// Where a purchase order names the sales order that it serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `supplierRef`.
    #[default]
    SupplierRef,
    /// `note`.
    Note,
    /// `description`.
    Description,
    /// `salesOrderNbr`.
    SalesOrderNbr,
    /// `customStr1`, which is shown on demand only.
    CustomStr1,
}

/// The supplier invoices that a test asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Purchases {
    /// So many invoices; those of sales orders count.
    pub count: usize,
    /// An invoice for a purchase order that serves each of these sales orders, by increment id.
    pub of_orders: Vec<String>,
    /// And for each of the first so many orders of the shop.
    pub of_shop: usize,
    /// Where a purchase order names its sales order.
    pub place: Place,
    /// Text that stands there; `{order}` is the increment id.
    pub pattern: String,
    /// The seed of quantities and costs.
    pub seed: u64,
    /// And these, as they are.
    pub documents: Vec<SupplierInvoice>,
}

/// A supplier invoice that was generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Generated {
    /// Its type.
    pub document_type: String,
    /// Its number.
    pub number: String,
    /// The purchase order that its lines name.
    pub purchase_order: Option<String>,
    /// The sales order that the purchase order names.
    pub order: Option<String>,
}

impl Default for Purchases {
    fn default() -> Self {
        Self {
            count: 0,
            of_orders: Vec::new(),
            of_shop: 0,
            place: Place::default(),
            pattern: "{order}".to_owned(),
            seed: 0,
            documents: Vec::new(),
        }
    }
}

impl Books {
    /// Writes the supplier invoices, and their purchase orders before them.
    ///
    /// # Errors
    /// A sentence about what does not exist.
    pub(in crate::visma) fn generate_purchases(&mut self, wanted: &Purchases) -> Result<Vec<Generated>, String> {
        let mut draw = StdRng::seed_from_u64(wanted.seed);
        let mut generated = Vec::new();
        for place in 0..wanted.count.max(wanted.of_orders.len()) {
            let order = wanted.of_orders.get(place).cloned();
            // What serves no sales order is stock (with a purchase order) or rent and the like (without one).
            let with_order = order.is_some() || place % 2 == 0;
            let line = line(&mut draw);
            let purchase_order = match with_order {
                true => Some(self.put_order(purchase_order(wanted, order.as_deref(), &line))?),
                false => None,
            };
            let lines = vec![InvoiceLine { po_line: purchase_order.as_ref().map(|_| 1), ..invoiced(&line) }];
            let lines = lines.into_iter().map(|line| InvoiceLine { po_number: purchase_order.clone(), ..line });
            let supplier_reference = Some(format!("INV-{}", draw.random_range(10_000..100_000)));
            let invoice = SupplierInvoice { supplier_reference, lines: lines.collect(), ..SupplierInvoice::default() };
            let (document_type, number) = self.put_supplier_invoice(invoice)?;
            generated.push(Generated { document_type, number, purchase_order, order });
        }
        for document in &wanted.documents {
            let purchase_order = document.lines.iter().find_map(|line| line.po_number.clone());
            let (document_type, number) = self.put_supplier_invoice(document.clone())?;
            generated.push(Generated { document_type, number, purchase_order, order: None });
        }
        Ok(generated)
    }
}

fn line(draw: &mut StdRng) -> OrderLine {
    OrderLine {
        inventory: Some(format!("SKU-{}", draw.random_range(100..1_000))),
        quantity: Decimal::from(draw.random_range(1..20)),
        unit_cost: Decimal::new(draw.random_range(1_000..100_000), 2),
        ..OrderLine::default()
    }
}

fn invoiced(line: &OrderLine) -> InvoiceLine {
    InvoiceLine {
        inventory: line.inventory.clone(),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_cost: line.unit_cost,
        ..InvoiceLine::default()
    }
}

fn purchase_order(wanted: &Purchases, order: Option<&str>, line: &OrderLine) -> PurchaseOrder {
    let mut new = PurchaseOrder { lines: vec![line.clone()], ..PurchaseOrder::default() };
    let Some(order) = order else { return new };
    let text = Some(wanted.pattern.replace("{order}", order));
    match wanted.place {
        Place::SupplierRef => new.supplier_ref = text,
        Place::Note => new.note = text,
        Place::Description => new.description = text,
        Place::SalesOrderNbr => new.sales_order_nbr = text,
        Place::CustomStr1 => {
            new.custom = text.map(|text| ("customStr1".to_owned(), text)).into_iter().collect::<BTreeMap<_, _>>();
        }
    }
    new
}
