use crate::container::Sink;
use crate::container::compound::CompoundFile;
use crate::error::Result;
use crate::source::Window;

pub(crate) fn read(
    _file: &mut CompoundFile,
    _window: &mut Window<'_>,
    _sink: &mut dyn Sink,
) -> Result<()> {
    Ok(())
}
