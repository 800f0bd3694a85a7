return await Sluice.Gateway.Cli.CommandLine.InvokeAsync(args, Console.Out, Console.Error);
