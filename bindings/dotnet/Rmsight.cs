// rmsight for .NET: finds rights-protected files and the keys that open them.
//
// One file over the C library (`rmsight.dll`, `librmsight.so`). Compile it with unsafe code allowed.
// With the symbol RMSIGHT_LIBRARY_IMPORT the calls are compiled by the generator of .NET 7 and later
// (`LibraryImport`), without it they are `DllImport`, for .NET Framework and Mono. The signatures are the same.

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace Rmsight
{
    /// <summary>Whether a file is protected.</summary>
    public enum Protection
    {
        /// <summary>The file was not read far enough to tell. Never treat it as <see cref="None"/>.</summary>
        Unknown = 0,
        /// <summary>Not protected. Everything in the file was read.</summary>
        None = 1,
        /// <summary>Rights-protected.</summary>
        Rms = 2,
        /// <summary>Protected by a password.</summary>
        Password = 3,
        /// <summary>Protected by another security handler.</summary>
        Other = 4,
    }

    /// <summary>Result of a call of the C library.</summary>
    public enum Status
    {
        Ok = 0,
        NullArgument = 1,
        InvalidHandle = 2,
        InvalidSize = 3,
        InvalidUtf8 = 4,
        NotFound = 5,
        WrongType = 6,
        NoValue = 7,
        /// <summary>Another thread uses the inspector.</summary>
        Busy = 8,
        /// <summary>The file could not be opened or read.</summary>
        Io = 9,
        /// <summary>The estate file has mistakes. The message lists all of them.</summary>
        InvalidEstate = 10,
        /// <summary>An error inside the library. Please report it.</summary>
        Internal = 11,
    }

    /// <summary>Type of a column.</summary>
    public enum ColumnKind
    {
        Text = 0,
        Integer = 1,
        Truth = 2,
        Time = 3,
        Names = 4,
    }

    /// <summary>A call failed, or a file is undecided.</summary>
    public sealed class RmsightException : Exception
    {
        internal RmsightException(Status status, string code, ulong? offset, string message) : base(message)
        {
            Status = status;
            Code = code;
            Offset = offset;
        }

        /// <summary>Status of the call; <see cref="Status.Ok"/> if the file is undecided.</summary>
        public Status Status { get; private set; }

        /// <summary>Code of the error, such as <c>truncated</c>, <c>io</c> or <c>config</c>; null for a mistake of
        /// the caller.</summary>
        public string Code { get; private set; }

        /// <summary>Offset of the error in the file; null if it is unknown.</summary>
        public ulong? Offset { get; private set; }
    }

    /// <summary>A column of the record. Its id never changes.</summary>
    public sealed class Column
    {
        static readonly Lazy<Column[]> all = new Lazy<Column[]>(Load);
        static readonly Lazy<Dictionary<string, Column>> byName = new Lazy<Dictionary<string, Column>>(() =>
        {
            var found = new Dictionary<string, Column>();
            foreach (var column in all.Value) found.Add(column.Name, column);
            return found;
        });

        Column(uint id, string name, ColumnKind kind)
        {
            Id = id;
            Name = name;
            Kind = kind;
        }

        public uint Id { get; private set; }
        public string Name { get; private set; }
        public ColumnKind Kind { get; private set; }

        /// <summary>All columns, in the order of their ids.</summary>
        public static IReadOnlyList<Column> All
        {
            get { return all.Value; }
        }

        /// <summary>Returns the column with a name.</summary>
        /// <exception cref="KeyNotFoundException">There is no such column.</exception>
        public static Column Named(string name)
        {
            Column found;
            if (byName.Value.TryGetValue(name, out found)) return found;
            throw new KeyNotFoundException("there is no column " + name);
        }

        static Column[] Load()
        {
            var columns = new Column[Native.rmsight_column_count()];
            for (uint id = 0; id < columns.Length; id++)
            {
                TextRef name;
                int kind;
                Native.Check(Native.rmsight_column_name(id, out name));
                Native.Check(Native.rmsight_column_kind(id, out kind));
                columns[id] = new Column(id, name.ToString(), (ColumnKind)kind);
            }
            return columns;
        }
    }

    /// <summary>Answer of <see cref="Inspector.Detect(string, CancellationToken, TimeSpan?)"/>.</summary>
    public sealed class Detection
    {
        internal Detection(ref DetectionStruct found)
        {
            Protection = (Protection)found.Protection;
            IsSearched = found.Searched != 0;
            ErrorOffset = found.ErrorOffset == ulong.MaxValue ? (ulong?)null : found.ErrorOffset;
            unsafe
            {
                fixed (byte* container = found.Container) Container = Native.Terminated(container, 24);
                fixed (byte* code = found.ErrorCode) ErrorCode = Native.Terminated(code, 40);
                fixed (byte* key = found.SlcKey) SlcKey = Native.Terminated(key, 80);
            }
        }

        public Protection Protection { get; private set; }

        /// <summary>True, false, or null if the file was not read far enough to tell. Null is not false.</summary>
        public bool? IsProtected
        {
            get { return Protection == Protection.Unknown ? (bool?)null : Protection == Protection.Rms; }
        }

        /// <summary>Whether the question is answered.</summary>
        public bool IsDecided
        {
            get { return Protection != Protection.Unknown; }
        }

        /// <summary>Whether the whole file was searched. A license ends the search early.</summary>
        public bool IsSearched { get; private set; }

        /// <summary>Format of the file or member that decided, such as <c>ooxml-irm</c>.</summary>
        public string Container { get; private set; }

        /// <summary>Why something was not read, such as <c>truncated</c>, or null.</summary>
        public string ErrorCode { get; private set; }

        /// <summary>Offset of the error, or null.</summary>
        public ulong? ErrorOffset { get; private set; }

        /// <summary>Key of the server that opens the file, <c>sha256:…</c>, or null.</summary>
        public string SlcKey { get; private set; }

        /// <summary>Throws if the file is undecided.</summary>
        public void ThrowIfUndecided()
        {
            if (IsDecided) return;
            throw new RmsightException(Status.Ok, ErrorCode, ErrorOffset, "undecided: " + ErrorCode);
        }
    }

    /// <summary>Options of an <see cref="Inspector"/>.</summary>
    public sealed class InspectorOptions
    {
        public InspectorOptions()
        {
            Verify = true;
            Limits = new Dictionary<string, ulong>();
        }

        /// <summary>Small budgets, for a gateway that reads hostile files.</summary>
        public bool Strict { get; set; }

        /// <summary>Checks signatures. The default is true.</summary>
        public bool Verify { get; set; }

        /// <summary>Reads only the head of each license, and checks no signature.</summary>
        public bool Quick { get; set; }

        /// <summary>Reads sensitivity labels outside of licenses.</summary>
        public bool Labels { get; set; }

        /// <summary>Inspects files inside of documents too.</summary>
        public bool Deep { get; set; }

        /// <summary>Computes the SHA-256 of each license.</summary>
        public bool Fingerprint { get; set; }

        /// <summary>Amounts of single limits by name: <c>steps</c> of the error code <c>limit-steps</c>.</summary>
        public IDictionary<string, ulong> Limits { get; private set; }

        /// <summary>Path of the program <c>rmsight-pst-child</c>, which reads Outlook data files in a process of
        /// its own. Null: such files are <c>feature-off</c>, that is undecided.</summary>
        public string PstChild { get; set; }

        /// <summary>Seconds that this program may work on one file; 0 for the default of 600.</summary>
        public ulong PstSeconds { get; set; }

        /// <summary>Bytes of memory of this program; 0 for the default of 1 GiB.</summary>
        public ulong PstMemory { get; set; }
    }

    /// <summary>Inspects files. One thread uses an inspector at a time: open one for each thread, and keep it for
    /// many files.</summary>
    public sealed class Inspector : IDisposable
    {
        readonly NativeHandle handle;

        public Inspector() : this(new InspectorOptions())
        {
        }

        public Inspector(InspectorOptions options)
        {
            if (options == null) throw new ArgumentNullException("options");
            var given = new OptionsStruct
            {
                Size = Native.SizeOf<OptionsStruct>(),
                Strict = Flag(options.Strict),
                NoVerify = Flag(!options.Verify),
                Quick = Flag(options.Quick),
                Labels = Flag(options.Labels),
                Deep = Flag(options.Deep),
                Fingerprint = Flag(options.Fingerprint),
            };
            ulong opened;
            Native.Check(Native.rmsight_inspector_open(ref given, out opened));
            handle = new NativeHandle(opened, Native.rmsight_inspector_close);
            foreach (var limit in options.Limits)
            {
                var name = Native.Bytes(limit.Key);
                Native.Check(Native.rmsight_inspector_set_limit(opened, name, Native.Length(name), limit.Value));
            }
            if (options.PstChild != null)
            {
                var path = Native.Bytes(options.PstChild);
                Native.Check(Native.rmsight_inspector_set_pst_child(
                    opened, path, Native.Length(path), options.PstSeconds, options.PstMemory));
            }
        }

        /// <summary>Detects whether the file at a path is rights-protected.</summary>
        /// <param name="path">The path of the file.</param>
        /// <param name="cancellation">Ends the call with <see cref="OperationCanceledException"/>.</param>
        /// <param name="deadline">Time after which the call ends with the error code <c>deadline</c>.</param>
        public Detection Detect(string path, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            var bytes = Native.Bytes(path);
            return Detect(cancellation, deadline, (ulong inspector, ref CallStruct call, ref DetectionStruct found) =>
                Native.rmsight_detect_path(inspector, bytes, Native.Length(bytes), ref call, ref found));
        }

        /// <summary>Detects whether bytes in memory are a rights-protected file.</summary>
        public Detection Detect(byte[] content, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            if (content == null) throw new ArgumentNullException("content");
            return Detect(cancellation, deadline, (ulong inspector, ref CallStruct call, ref DetectionStruct found) =>
                Native.rmsight_detect_bytes(inspector, content, Native.Length(content), ref call, ref found));
        }

        /// <summary>Detects whether a seekable stream is a rights-protected file. An exception of the stream is
        /// thrown by this call.</summary>
        public Detection Detect(Stream content, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            using (var source = new StreamSource(content))
            {
                var found = Detect(cancellation, deadline,
                    (ulong inspector, ref CallStruct call, ref DetectionStruct detection) =>
                        Native.rmsight_detect_callback(
                            inspector, source.Callback, IntPtr.Zero, source.Size, ref call, ref detection));
                source.Rethrow();
                return found;
            }
        }

        /// <summary>Inspects the file at a path. The first findings are those of the file itself, the others those
        /// of its members. A file that cannot be opened is a finding with an error code.</summary>
        public Report Inspect(string path, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            var bytes = Native.Bytes(path);
            return Inspect(cancellation, deadline, (ulong inspector, ref CallStruct call, out ulong report) =>
                Native.rmsight_inspect_path(inspector, bytes, Native.Length(bytes), ref call, out report));
        }

        /// <summary>Inspects bytes in memory.</summary>
        public Report Inspect(byte[] content, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            if (content == null) throw new ArgumentNullException("content");
            return Inspect(cancellation, deadline, (ulong inspector, ref CallStruct call, out ulong report) =>
                Native.rmsight_inspect_bytes(inspector, content, Native.Length(content), ref call, out report));
        }

        /// <summary>Inspects a seekable stream. An exception of the stream is thrown by this call.</summary>
        public Report Inspect(Stream content, CancellationToken cancellation = default(CancellationToken),
            TimeSpan? deadline = null)
        {
            using (var source = new StreamSource(content))
            {
                var report = Inspect(cancellation, deadline,
                    (ulong inspector, ref CallStruct call, out ulong opened) =>
                        Native.rmsight_inspect_callback(
                            inspector, source.Callback, IntPtr.Zero, source.Size, ref call, out opened));
                try
                {
                    source.Rethrow();
                }
                catch
                {
                    report.Dispose();
                    throw;
                }
                return report;
            }
        }

        public void Dispose()
        {
            handle.Dispose();
        }

        delegate Status DetectCall(ulong inspector, ref CallStruct call, ref DetectionStruct found);

        delegate Status InspectCall(ulong inspector, ref CallStruct call, out ulong report);

        Detection Detect(CancellationToken cancellation, TimeSpan? deadline, DetectCall detect)
        {
            var found = new DetectionStruct { Size = Native.SizeOf<DetectionStruct>() };
            using (var call = new Call(handle, cancellation, deadline))
                Native.Check(detect(call.Inspector, ref call.Options, ref found));
            var detection = new Detection(ref found);
            if (!detection.IsDecided && detection.ErrorCode == "cancelled")
                throw new OperationCanceledException(cancellation);
            return detection;
        }

        Report Inspect(CancellationToken cancellation, TimeSpan? deadline, InspectCall inspect)
        {
            ulong opened;
            using (var call = new Call(handle, cancellation, deadline))
                Native.Check(inspect(call.Inspector, ref call.Options, out opened));
            var report = new Report(opened);
            if (cancellation.IsCancellationRequested)
                foreach (var finding in report)
                    if (finding.ErrorCode == "cancelled")
                    {
                        report.Dispose();
                        throw new OperationCanceledException(cancellation);
                    }
            return report;
        }

        static byte Flag(bool set)
        {
            return set ? (byte)1 : (byte)0;
        }

        /// <summary>The options of one call, and what it keeps open until it returns.</summary>
        sealed class Call : IDisposable
        {
            readonly NativeHandle inspector;
            readonly NativeHandle cancel;
            readonly CancellationTokenRegistration registration;
            internal readonly ulong Inspector;
            internal CallStruct Options;

            internal Call(NativeHandle inspector, CancellationToken cancellation, TimeSpan? deadline)
            {
                Options.Size = Native.SizeOf<CallStruct>();
                if (deadline.HasValue)
                {
                    // Zero means no deadline.
                    var milliseconds = Math.Max(1.0, Math.Ceiling(deadline.Value.TotalMilliseconds));
                    Options.DeadlineMs = (ulong)milliseconds;
                }
                cancellation.ThrowIfCancellationRequested();
                if (cancellation.CanBeCanceled)
                {
                    ulong opened;
                    Native.Check(Native.rmsight_cancel_open(out opened));
                    cancel = new NativeHandle(opened, Native.rmsight_cancel_close);
                    Options.Cancel = opened;
                    registration = cancellation.Register(() => Native.rmsight_cancel_raise(opened));
                }
                this.inspector = inspector;
                Inspector = inspector.Acquire();
            }

            public void Dispose()
            {
                // Waits for a callback that runs now.
                registration.Dispose();
                if (cancel != null) cancel.Dispose();
                inspector.DangerousRelease();
            }
        }
    }

    /// <summary>The findings of one file. Dispose it, or leave it to the garbage collector: it stays open as long
    /// as one of its findings is in use.</summary>
    public sealed class Report : IReadOnlyList<Finding>, IDisposable
    {
        readonly NativeHandle handle;
        readonly int count;

        internal Report(ulong opened)
        {
            handle = new NativeHandle(opened, Native.rmsight_report_close);
            UIntPtr rows;
            Native.Check(Native.rmsight_report_count(opened, out rows));
            count = checked((int)rows.ToUInt64());
        }

        /// <summary>Number of findings: at least one.</summary>
        public int Count
        {
            get { return count; }
        }

        public Finding this[int row]
        {
            get
            {
                if (row < 0 || row >= count) throw new ArgumentOutOfRangeException("row");
                return new Finding(this, row);
            }
        }

        /// <summary>Judges the findings with an estate. No file is opened.</summary>
        public Report Judge(Estate estate)
        {
            if (estate == null) throw new ArgumentNullException("estate");
            ulong judged;
            using (var report = handle.Lend())
            using (var declared = estate.Handle.Lend())
                Native.Check(Native.rmsight_judge(report.Value, declared.Value, out judged));
            return new Report(judged);
        }

        public IEnumerator<Finding> GetEnumerator()
        {
            for (var row = 0; row < count; row++) yield return new Finding(this, row);
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }

        public void Dispose()
        {
            handle.Dispose();
        }

        internal string Text(int row, Column column)
        {
            // The text is valid until the report is closed, which waits for the loan.
            using (var report = handle.Lend())
            {
                TextRef text;
                var status = Native.rmsight_report_text(report.Value, Row(row), column.Id, out text);
                return Native.HasValue(status) ? text.ToString() : null;
            }
        }

        internal ulong? Integer(int row, Column column)
        {
            ulong number;
            using (var report = handle.Lend())
            {
                var status = Native.rmsight_report_int(report.Value, Row(row), column.Id, out number);
                return Native.HasValue(status) ? number : (ulong?)null;
            }
        }

        internal bool? Truth(int row, Column column)
        {
            byte truth;
            using (var report = handle.Lend())
            {
                var status = Native.rmsight_report_bool(report.Value, Row(row), column.Id, out truth);
                return Native.HasValue(status) ? truth != 0 : (bool?)null;
            }
        }

        internal long? Time(int row, Column column)
        {
            long seconds;
            using (var report = handle.Lend())
            {
                var status = Native.rmsight_report_time(report.Value, Row(row), column.Id, out seconds);
                return Native.HasValue(status) ? seconds : (long?)null;
            }
        }

        static UIntPtr Row(int row)
        {
            return new UIntPtr((uint)row);
        }
    }

    /// <summary>One finding: a file, or a member of it, with its facts and its verdict.</summary>
    public sealed class Finding
    {
        readonly Report report;
        readonly int row;

        internal Finding(Report report, int row)
        {
            this.report = report;
            this.row = row;
        }

        /// <summary>Text of any column, or null if the value is unknown or missing.</summary>
        public string this[string column]
        {
            get { return report.Text(row, Column.Named(column)); }
        }

        public string this[Column column]
        {
            get { return report.Text(row, column); }
        }

        public string Path { get { return this["path"]; } }
        public string Member { get { return this["member"]; } }
        public string Container { get { return this["container"]; } }
        public string Protection { get { return this["protection"]; } }

        /// <summary><c>yes</c>, <c>possible</c> or <c>no</c>. What could not be read is <c>possible</c>.</summary>
        public string Need { get { return this["need"]; } }

        public string Dependency { get { return this["dependency"]; } }
        public string Authority { get { return this["authority"]; } }
        public string SlcKey { get { return this["slc_key"]; } }
        public string ErrorCode { get { return this["error_code"]; } }
        public ulong? ErrorOffset { get { return Integer("error_offset"); } }

        /// <summary>Value of a column of integers.</summary>
        public ulong? Integer(string column)
        {
            return report.Integer(row, Column.Named(column));
        }

        /// <summary>Value of a column of truth values.</summary>
        public bool? Truth(string column)
        {
            return report.Truth(row, Column.Named(column));
        }

        /// <summary>Value of a column of times; null also for a time that <see cref="DateTimeOffset"/> cannot
        /// have.</summary>
        public DateTimeOffset? Time(string column)
        {
            var seconds = report.Time(row, Column.Named(column));
            // 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
            if (!seconds.HasValue || seconds < -62135596800 || seconds > 253402300799) return null;
            return DateTimeOffset.FromUnixTimeSeconds(seconds.Value);
        }

        /// <summary>Value of a column of names, such as <c>anomalies</c>; empty if there are none.</summary>
        public string[] Names(string column)
        {
            var found = Column.Named(column);
            if (found.Kind != ColumnKind.Names)
                throw new RmsightException(Status.WrongType, null, null, column + " is not a column of names");
            var text = report.Text(row, found);
            return string.IsNullOrEmpty(text) ? new string[0] : text.Split(' ');
        }

        /// <summary>Value of any column: string, ulong, bool, <see cref="DateTimeOffset"/>, an array of strings, or
        /// null.</summary>
        public object Value(Column column)
        {
            switch (column.Kind)
            {
                case ColumnKind.Integer: return Integer(column.Name);
                case ColumnKind.Truth: return Truth(column.Name);
                case ColumnKind.Time: return Time(column.Name);
                case ColumnKind.Names: return Names(column.Name);
                default: return this[column];
            }
        }
    }

    /// <summary>The keys that an operator declares. It may be shared by threads.</summary>
    public sealed class Estate : IDisposable
    {
        internal readonly NativeHandle Handle;

        Estate(byte[] content)
        {
            ulong opened;
            Native.Check(Native.rmsight_estate_parse(content, Native.Length(content), out opened));
            Handle = new NativeHandle(opened, Native.rmsight_estate_close);
        }

        /// <summary>Reads an estate file.</summary>
        /// <exception cref="RmsightException">The file has mistakes; the message lists all of them.</exception>
        public static Estate Read(string path)
        {
            return new Estate(File.ReadAllBytes(path));
        }

        /// <summary>Parses the text of an estate file (TOML).</summary>
        public static Estate Parse(string text)
        {
            return new Estate(Native.Bytes(text));
        }

        public void Dispose()
        {
            Handle.Dispose();
        }
    }

    /// <summary>The loaded library.</summary>
    public static class Library
    {
        /// <summary>Version of the C library, such as <c>0.1.0</c>.</summary>
        public static string Version
        {
            get { return Native.rmsight_version().ToString(); }
        }
    }

    /// <summary>A handle of the C library, which is a number. The garbage collector closes it; a call that uses it
    /// delays that.</summary>
    sealed class NativeHandle : SafeHandle
    {
        readonly ulong value;
        readonly Func<ulong, Status> close;

        internal NativeHandle(ulong value, Func<ulong, Status> close) : base(IntPtr.Zero, true)
        {
            this.value = value;
            this.close = close;
        }

        public override bool IsInvalid
        {
            get { return value == 0; }
        }

        /// <summary>Keeps the handle open until <see cref="SafeHandle.DangerousRelease"/>.</summary>
        internal ulong Acquire()
        {
            var done = false;
            DangerousAddRef(ref done);
            return value;
        }

        internal Loan Lend()
        {
            return new Loan(this);
        }

        protected override bool ReleaseHandle()
        {
            return close(value) == Status.Ok;
        }

        /// <summary>Keeps a handle open until it is disposed of.</summary>
        internal struct Loan : IDisposable
        {
            readonly NativeHandle handle;
            internal readonly ulong Value;

            internal Loan(NativeHandle handle)
            {
                Value = handle.Acquire();
                this.handle = handle;
            }

            public void Dispose()
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>A seekable stream as a source. No exception crosses the border: it is thrown after the call.</summary>
    sealed class StreamSource : IDisposable
    {
        readonly Stream stream;
        readonly long start;
        readonly Native.ReadAt callback;
        readonly byte[] buffer = new byte[1 << 14];
        ExceptionDispatchInfo raised;

        internal StreamSource(Stream stream)
        {
            if (stream == null) throw new ArgumentNullException("stream");
            if (!stream.CanSeek || !stream.CanRead)
                throw new ArgumentException("the stream must be readable and seekable", "stream");
            this.stream = stream;
            start = stream.Position;
            Size = checked((ulong)Math.Max(0, stream.Length - start));
            callback = Read;
            Callback = Marshal.GetFunctionPointerForDelegate(callback);
        }

        internal ulong Size { get; private set; }

        internal IntPtr Callback { get; private set; }

        long Read(IntPtr user, ulong offset, IntPtr to, UIntPtr length)
        {
            try
            {
                stream.Position = checked(start + (long)offset);
                long done = 0, wanted = checked((long)length.ToUInt64());
                while (done < wanted)
                {
                    var read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, wanted - done));
                    if (read == 0) break;
                    Marshal.Copy(buffer, 0, new IntPtr(checked(to.ToInt64() + done)), read);
                    done += read;
                }
                return done;
            }
            catch (Exception exception)
            {
                raised = ExceptionDispatchInfo.Capture(exception);
                return -1;
            }
        }

        internal void Rethrow()
        {
            if (raised != null) raised.Throw();
        }

        /// <summary>Keeps the callback alive until the call has returned. The stream stays open.</summary>
        public void Dispose()
        {
            GC.KeepAlive(callback);
        }
    }

    /// <summary>UTF-8 text that the library owns.</summary>
    [StructLayout(LayoutKind.Sequential)]
    unsafe struct TextRef
    {
        internal IntPtr Data;
        internal UIntPtr Len;

        public override string ToString()
        {
            var length = checked((int)Len.ToUInt64());
            return length == 0 ? "" : Encoding.UTF8.GetString((byte*)Data, length);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    struct OptionsStruct
    {
        internal UIntPtr Size;
        internal byte Strict, NoVerify, Quick, Labels, Deep, Fingerprint, Reserved0, Reserved1;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct CallStruct
    {
        internal UIntPtr Size;
        internal ulong Cancel;
        internal ulong DeadlineMs;
    }

    [StructLayout(LayoutKind.Sequential)]
    unsafe struct DetectionStruct
    {
        internal UIntPtr Size;
        internal int Protection;
        internal byte Decided, Searched, Reserved0, Reserved1;
        internal fixed byte Container[24];
        internal fixed byte ErrorCode[40];
        internal fixed byte SlcKey[80];
        internal ulong ErrorOffset;
    }

    /// <summary>The functions of <c>rmsight.h</c>.</summary>
    static unsafe partial class Native
    {
        const string Name = "rmsight";
        const uint AbiVersion = 1;

        static Native()
        {
            var loaded = rmsight_abi_version();
            if (loaded != AbiVersion)
                throw new DllNotFoundException("rmsight has the ABI version " + loaded + ", not " + AbiVersion);
        }

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        internal delegate long ReadAt(IntPtr user, ulong offset, IntPtr buffer, UIntPtr len);

        internal static UIntPtr SizeOf<T>() where T : struct
        {
            return new UIntPtr((uint)Marshal.SizeOf(typeof(T)));
        }

        internal static UIntPtr Length(byte[] bytes)
        {
            return new UIntPtr((uint)bytes.Length);
        }

        internal static byte[] Bytes(string text)
        {
            if (text == null) throw new ArgumentNullException("text");
            return Encoding.UTF8.GetBytes(text);
        }

        /// <summary>Text of a field that ends with a NUL, or null if it is empty.</summary>
        internal static string Terminated(byte* field, int size)
        {
            var length = 0;
            while (length < size && field[length] != 0) length++;
            return length == 0 ? null : Encoding.UTF8.GetString(field, length);
        }

        internal static bool HasValue(Status status)
        {
            if (status == Status.NoValue) return false;
            Check(status);
            return true;
        }

        internal static void Check(Status status)
        {
            if (status == Status.Ok) return;
            TextRef text;
            rmsight_last_error(out text);
            var code = status == Status.Io ? "io" : status == Status.InvalidEstate ? "config" : null;
            throw new RmsightException(status, code, null, text.ToString());
        }

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        uint rmsight_abi_version();

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        TextRef rmsight_version();

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        uint rmsight_column_count();

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_column_name(uint id, out TextRef name);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_column_kind(uint id, out int kind);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_estate_parse(byte[] data, UIntPtr len, out ulong estate);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_judge(ulong report, ulong estate, out ulong judged);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_estate_close(ulong estate);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspector_open(ref OptionsStruct options, out ulong handle);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspector_set_limit(ulong inspector, byte[] name, UIntPtr len, ulong amount);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspector_set_pst_child(ulong inspector, byte[] path, UIntPtr len, ulong seconds, ulong memory);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspector_close(ulong inspector);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_cancel_open(out ulong handle);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_cancel_raise(ulong cancel);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_cancel_close(ulong cancel);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_detect_path(
            ulong inspector, byte[] path, UIntPtr len, ref CallStruct call, ref DetectionStruct detection);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_detect_bytes(
            ulong inspector, byte[] data, UIntPtr len, ref CallStruct call, ref DetectionStruct detection);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_detect_callback(
            ulong inspector, IntPtr read, IntPtr user, ulong size, ref CallStruct call, ref DetectionStruct detection);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspect_path(ulong inspector, byte[] path, UIntPtr len, ref CallStruct call, out ulong report);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspect_bytes(ulong inspector, byte[] data, UIntPtr len, ref CallStruct call, out ulong report);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_inspect_callback(
            ulong inspector, IntPtr read, IntPtr user, ulong size, ref CallStruct call, out ulong report);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_count(ulong report, out UIntPtr count);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_text(ulong report, UIntPtr row, uint column, out TextRef text);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_int(ulong report, UIntPtr row, uint column, out ulong number);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_bool(ulong report, UIntPtr row, uint column, out byte truth);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_time(ulong report, UIntPtr row, uint column, out long seconds);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_report_close(ulong report);

#if RMSIGHT_LIBRARY_IMPORT
        [LibraryImport(Name)] internal static partial
#else
        [DllImport(Name, CallingConvention = CallingConvention.Cdecl)] internal static extern
#endif
        Status rmsight_last_error(out TextRef text);
    }
}
