//! A supplier invoice: through the purchase orders of its lines to the orders of the shop that it serves.

use std::time::Duration;

use ::visma::read::SupplierInvoiceRead;
use mapping::books;
use pipeline::broker::take::Delivery;
use pipeline::clock;
use pipeline::problem::Problem;
use pipeline::verdict::Verdict;

use crate::document::{record, unreadable};
use crate::{Mapper, Published};

/// A purchase order is polled as often as supplier invoices are; two daily polls are enough to have read it.
const PATIENCE: Duration = Duration::from_secs(48 * 60 * 60);

impl Mapper {
    /// Decides on one version of a supplier invoice.
    pub(crate) async fn supplier_invoice(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let nothing =
            async |code, why: &str| Ok(self.messages.nothing(delivery, "supplierinvoice", key, (code, why)).await);
        if !self.rules.comments.supplier_invoices {
            return nothing("COMMENTS_OFF", "supplier invoices are not shown to the shop (comments.supplier_invoices)")
                .await;
        }
        let value = record(delivery, &delivery.headers, &delivery.payload)?;
        let invoice = SupplierInvoiceRead::read(&value).map_err(|e| unreadable(delivery, &e))?;
        if let Some(date) = invoice.date.map(|date| date.date())
            && self.rules.scope.go_live.is_some_and(|go_live| date < go_live.date().to_string())
        {
            let why = format!("supplier invoice {key} is dated {date}, before the go-live date");
            return nothing("BEFORE_GO_LIVE", &why).await;
        }
        let purchases = invoice.purchase_orders();
        if purchases.is_empty() {
            let why = format!("supplier invoice {key} names no purchase order on its lines");
            return nothing("SERVES_NO_ORDER", &why).await;
        }
        let mut orders: Vec<String> = Vec::new();
        for number in &purchases {
            for order in self.served_by(delivery, number).await? {
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
        }
        if orders.is_empty() {
            let purchases = purchases.join(", ");
            let why =
                format!("supplier invoice {key} is for purchase order {purchases}, which names no order of the shop");
            return nothing("SERVES_NO_ORDER", &why).await;
        }
        for order in &orders {
            let place = match orders.as_slice() {
                [_] => format!("supplierinvoice-{key}"),
                _ => format!("supplierinvoice-{key}-{order}"),
            };
            if let Err(problem) = self.comment(delivery, &place, ("", order), books::supplier_note(&invoice)).await {
                return Ok(Err(problem));
            }
        }
        Ok(Ok(()))
    }

    /// The orders of the shop that a purchase order serves, as it was last read.
    async fn served_by(&self, delivery: &Delivery, number: &str) -> Result<Vec<String>, Verdict> {
        let subject = self.context.broker.subjects.change("visma", "purchaseorder", number);
        let last = self.changes.get(&subject).await;
        match last.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))? {
            Some(entry) => {
                let order = record(delivery, &entry.headers, &entry.payload)?;
                Ok(books::sales_orders(&order, &self.rules.mapping))
            }
            None => Err(purchase_order_missing(delivery, number)),
        }
    }
}

fn purchase_order_missing(delivery: &Delivery, number: &str) -> Verdict {
    let age = Duration::from_millis(clock::now_millis().saturating_sub(delivery.stored_at));
    if age < PATIENCE {
        // A poll that runs beside this one has it within moments, and else the next one does.
        let wait = (age / 4).clamp(Duration::from_millis(500), Duration::from_secs(15 * 60));
        return Verdict::RetryAfter(wait, format!("purchase order {number} has not been read yet"));
    }
    Verdict::Dead(Problem::new(
        "PURCHASE_ORDER_MISSING",
        format!("a supplier invoice is for purchase order {number}, which has not been read from Visma for two days"),
        "see that purchase orders are polled and may be read; then replay this letter",
    ))
}
