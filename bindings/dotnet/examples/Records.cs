// Prints the record of each finding as one line of JSON, judged with an estate file if one is given.
//
//   mcs -unsafe -out:Records.exe Rmsight.cs examples/Records.cs
//   mono Records.exe [--estate FILE] [--pst-child PROGRAM] FILE...

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Rmsight;

static class Records
{
    static int Main(string[] args)
    {
        var options = new InspectorOptions();
        var files = new List<string>();
        string estatePath = null;
        for (var at = 0; at < args.Length; at++)
        {
            if (args[at] == "--estate" && at + 1 < args.Length) estatePath = args[++at];
            else if (args[at] == "--pst-child" && at + 1 < args.Length) options.PstChild = args[++at];
            else files.Add(args[at]);
        }
        if (files.Count == 0)
        {
            Console.Error.WriteLine("usage: Records [--estate FILE] [--pst-child PROGRAM] FILE...");
            return 2;
        }
        using (var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)))
        try
        {
            using (var estate = estatePath == null ? null : Estate.Read(estatePath))
            using (var inspector = new Inspector(options))
                foreach (var file in files)
                {
                    var report = inspector.Inspect(file);
                    if (estate != null) report = report.Judge(estate);
                    foreach (var finding in report) output.WriteLine(Json(finding));
                }
            return 0;
        }
        catch (RmsightException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    static string Json(Finding finding)
    {
        var json = new StringBuilder("{");
        foreach (var column in Column.All)
        {
            if (json.Length > 1) json.Append(',');
            Quote(column.Name, json);
            json.Append(':');
            Append(finding.Value(column), json);
        }
        return json.Append('}').ToString();
    }

    static void Append(object value, StringBuilder json)
    {
        if (value == null) json.Append("null");
        else if (value is bool) json.Append((bool)value ? "true" : "false");
        else if (value is ulong) json.Append((ulong)value);
        else if (value is DateTimeOffset)
            json.Append(((DateTimeOffset)value).ToString("'\"'yyyy-MM-dd'T'HH:mm:ss'Z\"'"));
        else if (value is string[])
        {
            json.Append('[');
            var names = (string[])value;
            for (var at = 0; at < names.Length; at++)
            {
                if (at > 0) json.Append(',');
                Quote(names[at], json);
            }
            json.Append(']');
        }
        else Quote((string)value, json);
    }

    static void Quote(string text, StringBuilder json)
    {
        json.Append('"');
        foreach (var letter in text)
        {
            if (letter == '"' || letter == '\\') json.Append('\\').Append(letter);
            else if (letter < ' ') json.Append("\\u").Append(((int)letter).ToString("x4"));
            else json.Append(letter);
        }
        json.Append('"');
    }
}
