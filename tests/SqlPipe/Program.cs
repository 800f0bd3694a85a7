using System.Globalization;
using System.Text;
using Sluice.SqlPipe;

// Speaks the line protocol sqlpipe/1 on standard input and output, so that test tools in any language can drive the engine
// over its ADO.NET provider: open, exec, close, quit; one answer a request, in order.
// --page-size N: files that are made have this page size. --checkpoint-each: a checkpoint after each request.
UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
using StreamReader input = new(Console.OpenStandardInput(), utf8);
using StreamWriter output = new(Console.OpenStandardOutput(), utf8) { NewLine = "\n" };
int pageSizeAt = Array.IndexOf(args, "--page-size") + 1;
int? pageSize = pageSizeAt > 0 && pageSizeAt < args.Length ? int.Parse(args[pageSizeAt], CultureInfo.InvariantCulture) : null;
return new PipeServer(input, output, pageSize, args.Contains("--checkpoint-each")).Run();
