//! Sensitivity labels in the clear.
