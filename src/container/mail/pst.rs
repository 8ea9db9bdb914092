use crate::container::Sink;
use crate::error::Result;
use crate::source::Window;

pub(crate) fn matches(_head: &[u8]) -> bool {
    false
}

pub(crate) fn read(_window: &mut Window<'_>, _sink: &mut dyn Sink) -> Result<()> {
    Ok(())
}
