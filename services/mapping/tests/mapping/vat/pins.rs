//! VAT that is set on documents as a trial: only where it shows something, and where nothing is lost if Visma computes
//! its own.

use problem::Code;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{book, changed, recorded};
use crate::visma_total::{self, VatRounding, hundredths};

fn file(pin_vat: &str, vat_on: &str) -> mapping::Mapping {
    changed(&[("pin_vat = true", pin_vat), ("vat_on = \"document\"", &format!("vat_on = \"{vat_on}\""))])
}

#[test]
fn a_trial_sets_vat_where_visma_computes_another_within_the_limits_and_is_right_within_them_either_way() {
    let (mut tried, mut told_nothing) = (0, 0);
    for (vat_on, rounding) in [("document", VatRounding::PerCode), ("line", VatRounding::PerLine)] {
        let (trial, unpinned) = (file("pin_vat = \"try\"", vat_on), file("pin_vat = false", vat_on));
        for (name, text) in recorded() {
            let order: Value = serde_json::from_str(&text).unwrap();
            let (trial, unpinned) = match (book(&order, &trial), book(&order, &unpinned)) {
                (Ok(trial), Ok(unpinned)) => (trial.invoice, unpinned.invoice),
                (trial, unpinned) => {
                    assert_eq!(trial.unwrap_err(), unpinned.unwrap_err(), "{name}");
                    continue;
                }
            };
            let total = hundredths(&order["grand_total"].to_string());
            assert_eq!(visma_total::of(&trial.invoice, rounding), total, "{name}: Visma keeps it");
            let differs = trial.predicted.vat != unpinned.predicted.vat;
            assert_eq!(trial.invoice.tax_details.is_empty(), !differs, "{name}");
            if !differs {
                assert_eq!(trial, unpinned, "{name}");
                told_nothing += 1;
                continue;
            }
            tried += 1;
            let ignored = visma::invoice::Invoice { tax_details: Vec::new(), ..trial.invoice };
            assert!((visma_total::of(&ignored, rounding) - total).abs() <= 50, "{name}: Visma computes its own");
            for (set, computed) in trial.predicted.vat.iter().zip(&unpinned.predicted.vat) {
                assert!((set.vat - computed.vat).abs() <= Decimal::new(5, 2), "{name}: {set:?} {computed:?}");
            }
        }
    }
    assert!(tried > 3 && told_nothing > 3, "{tried} {told_nothing}");
}

/// Several codes may each be within their limit, and together beyond that of the total.
#[test]
fn a_trial_is_none_where_the_total_would_be_beyond_its_limit() {
    let order = super::off_by_a_hundredth();
    let limits = [("pin_vat = true", "pin_vat = \"try\""), ("rounding_limit = 0.50", "rounding_limit = 0.00")];
    assert!(!book(&order, &changed(&limits[..1])).unwrap().invoice.invoice.tax_details.is_empty());
    assert_eq!(book(&order, &changed(&limits)).unwrap_err().code, Code::RoundingAboveLimit);
}
