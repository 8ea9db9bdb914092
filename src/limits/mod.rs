//! [`Limits`], the budgets of one file, `Meter`, to which readers charge their work, and [`Cancel`].

mod budgets;
mod interrupt;
mod meter;

pub(crate) use budgets::Limit;
pub use budgets::Limits;
pub use interrupt::Cancel;
pub(crate) use interrupt::{Deadline, Interrupt};
pub(crate) use meter::Meter;
