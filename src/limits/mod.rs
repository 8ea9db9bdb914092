//! [`Limits`], the budgets of one file, and `Meter`, to which readers charge their work.

mod budgets;
mod meter;

pub(crate) use budgets::Limit;
pub use budgets::Limits;
pub use meter::Cancel;
pub(crate) use meter::Meter;
