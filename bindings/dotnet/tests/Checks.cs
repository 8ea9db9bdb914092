// Checks of the API: results, and the exception for each mistake of a caller. The argument is the folder `corpus`.

using System;
using System.IO;
using System.Linq;
using System.Threading;
using Rmsight;

static class Checks
{
    static int failures;

    static int Main(string[] args)
    {
        var document = Path.Combine(args[0], "containers", "ooxml-chain8.docx");
        ADocumentIsDetectedFromEachSource(document);
        ALicenseThatIsCutIsUndecided();
        FindingsAreJudgedWithAnEstate(document);
        MistakesOfACallerAreExceptions(document);
        ACallIsCancelledAndHasADeadline(document);
        AnExceptionOfAStreamIsThrown();
        AReportOutlivesItsInspector(document);
        Console.WriteLine(failures == 0 ? "the .NET checks pass" : failures + " checks fail");
        return failures == 0 ? 0 : 1;
    }

    static void ADocumentIsDetectedFromEachSource(string document)
    {
        using (var inspector = new Inspector())
        {
            var content = File.ReadAllBytes(document);
            var shifted = new MemoryStream(new byte[3].Concat(content).ToArray()) { Position = 3 };
            var found = new[]
            {
                inspector.Detect(document), inspector.Detect(content),
                inspector.Detect(new MemoryStream(content)), inspector.Detect(shifted),
            };
            foreach (var detection in found)
            {
                Equal(Protection.Rms, detection.Protection);
                Equal(true, detection.IsProtected);
                Equal("ooxml-irm", detection.Container);
                Equal(found[0].SlcKey, detection.SlcKey);
                Equal(null, detection.ErrorCode);
                detection.ThrowIfUndecided();
            }
            Equal(false, inspector.Detect(new byte[] { 65 }).IsProtected);
            Equal(false, inspector.Detect(new byte[0]).IsProtected);
            using (var report = inspector.Inspect(new MemoryStream(content)))
            {
                Equal(1, report.Count);
                Equal(found[0].SlcKey, report[0].SlcKey);
                Equal("possible", report.Single().Need);
                Equal(report[0]["slc_key_bits"], report[0].Integer("slc_key_bits").ToString());
                Equal(report[0]["issued"], report[0].Time("issued").Value.ToString("yyyy-MM-ddTHH:mm:ssZ"));
                Equal(string.Join(" ", report[0].Names("anomalies")), report[0]["anomalies"] ?? "");
            }
        }
        using (var inspector = new Inspector(new InspectorOptions { Quick = true, Strict = true, Fingerprint = true }))
        using (var report = inspector.Inspect(document))
            Equal("head", report[0]["depth"]);
    }

    static void ALicenseThatIsCutIsUndecided()
    {
        using (var inspector = new Inspector())
        {
            var found = inspector.Detect(System.Text.Encoding.UTF8.GetBytes("<XrML version=\"1.2\">"));
            Equal(null, found.IsProtected);
            var error = Thrown<RmsightException>(found.ThrowIfUndecided);
            Equal(found.ErrorCode, error.Code);
            Equal(found.ErrorOffset, error.Offset);
            Equal(true, error.Offset.HasValue);
        }
    }

    static void FindingsAreJudgedWithAnEstate(string document)
    {
        using (var inspector = new Inspector())
        using (var report = inspector.Inspect(document))
        using (var estate = Estate.Parse(
            "[[authority]]\nname = \"Old\"\nkind = \"ad-rms\"\n[[authority.key]]\nslc_key = \"" + report[0].SlcKey +
            "\"\nstatus = \"active\"\n"))
        using (var judged = report.Judge(estate))
        {
            Equal("yes", judged[0].Need);
            Equal("Old", judged[0].Authority);
            Equal("possible", report[0].Need);
        }
    }

    static void MistakesOfACallerAreExceptions(string document)
    {
        var inspector = new Inspector();
        var report = inspector.Inspect(document);
        var error = Thrown<RmsightException>(() => inspector.Detect("/does/not/exist"));
        Equal(Status.Io, error.Status);
        Equal("io", error.Code);
        // A file that cannot be opened is a finding.
        Equal("io", inspector.Inspect("/does/not/exist")[0].ErrorCode);
        Thrown<ArgumentNullException>(() => inspector.Detect((string)null));
        Thrown<ArgumentNullException>(() => inspector.Detect((byte[])null));
        Thrown<ArgumentOutOfRangeException>(() => report[1].ToString());
        Thrown<System.Collections.Generic.KeyNotFoundException>(() => report[0]["no-such"].ToString());
        Equal(Status.WrongType, Thrown<RmsightException>(() => report[0].Integer("need")).Status);
        Equal(Status.WrongType, Thrown<RmsightException>(() => report[0].Names("need")).Status);
        var options = new InspectorOptions();
        options.Limits["no-such"] = 1;
        Equal(Status.NotFound, Thrown<RmsightException>(() => new Inspector(options)).Status);
        options = new InspectorOptions { PstChild = "/does/not/exist" };
        Equal(Status.Io, Thrown<RmsightException>(() => new Inspector(options)).Status);
        error = Thrown<RmsightException>(() => Estate.Parse("[[authority]]\n"));
        Equal(Status.InvalidEstate, error.Status);
        Equal("config", error.Code);
        var finding = report[0];
        report.Dispose();
        report.Dispose();
        Thrown<ObjectDisposedException>(() => finding.Need.ToString());
        inspector.Dispose();
        Thrown<ObjectDisposedException>(() => inspector.Detect(document));
    }

    static void ACallIsCancelledAndHasADeadline(string document)
    {
        using (var inspector = new Inspector())
        using (var cancellation = new CancellationTokenSource())
        {
            // Raised by the source of the bytes, while the call runs.
            var source = new HookedStream(File.ReadAllBytes(document), cancellation.Cancel);
            Thrown<OperationCanceledException>(() => inspector.Detect(source, cancellation.Token));
            Thrown<OperationCanceledException>(() => inspector.Inspect(document, cancellation.Token));
            Equal(true, inspector.Detect(document).IsProtected);
            source = new HookedStream(File.ReadAllBytes(document), () => Thread.Sleep(20));
            var found = inspector.Detect(source, CancellationToken.None, TimeSpan.FromMilliseconds(1));
            Equal("deadline", found.ErrorCode);
            Equal(null, found.IsProtected);
        }
    }

    static void AnExceptionOfAStreamIsThrown()
    {
        using (var inspector = new Inspector())
        {
            var source = new HookedStream(new byte[100], () => { throw new InvalidDataException("planted"); });
            Thrown<InvalidDataException>(() => inspector.Detect(source));
            Thrown<InvalidDataException>(() => inspector.Inspect(source));
        }
    }

    static void AReportOutlivesItsInspector(string document)
    {
        Finding finding;
        using (var inspector = new Inspector()) finding = inspector.Inspect(document).First();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Equal("rms", finding.Protection);
    }

    sealed class HookedStream : MemoryStream
    {
        readonly Action hook;

        internal HookedStream(byte[] content, Action hook) : base(content)
        {
            this.hook = hook;
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            hook();
            return base.Read(buffer, offset, count);
        }
    }

    static void Equal(object expected, object found)
    {
        if (Equals(expected, found)) return;
        failures++;
        Console.Error.WriteLine("expected {0}, found {1}\n{2}", expected ?? "null", found ?? "null",
            new System.Diagnostics.StackTrace(1, true));
    }

    static T Thrown<T>(Action action) where T : Exception
    {
        try
        {
            action();
        }
        catch (T exception)
        {
            return exception;
        }
        failures++;
        Console.Error.WriteLine("nothing was thrown, expected {0}\n{1}", typeof(T),
            new System.Diagnostics.StackTrace(1, true));
        throw new InvalidOperationException();
    }
}
