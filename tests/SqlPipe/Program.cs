using System.Text;
using Sluice.SqlPipe;

// Speaks the line protocol sqlpipe/1 on standard input and output, so that test tools in any language can drive the engine
// over its ADO.NET provider: open, exec, close, quit; one answer a request, in order.
UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
using StreamReader input = new(Console.OpenStandardInput(), utf8);
using StreamWriter output = new(Console.OpenStandardOutput(), utf8) { NewLine = "\n" };
return new PipeServer(input, output).Run();
