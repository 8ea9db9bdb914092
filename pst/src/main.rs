//! `rmsight-pst-child`: reads one Outlook data file for the process that starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let limits = rmsight_pst::PstLimits::from_args(&mut args).filter(|_| args.next().is_none());
    let Some(limits) = limits else {
        eprintln!("rmsight-pst-child: rmsight starts it with two arguments, SECONDS and BYTES");
        return ExitCode::from(2);
    };
    match rmsight_pst::run(limits) {
        Ok(()) => ExitCode::SUCCESS,
        // The parent reports that the child ended. Standard error is not shown.
        Err(_) => ExitCode::from(2),
    }
}
