use crate::container::Sink;
use crate::error::Result;
use crate::source::Window;

pub(crate) fn matches(_head: &[u8]) -> bool {
    false
}

pub(crate) fn read(_window: &mut Window<'_>, _sink: &mut dyn Sink) -> Result<()> {
    Ok(())
}

pub(crate) fn matches_closed_archive(_head: &[u8]) -> bool {
    false
}

pub(crate) fn read_closed_archive(_window: &mut Window<'_>, _sink: &mut dyn Sink) -> Result<()> {
    Ok(())
}
