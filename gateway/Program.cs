using Sluice.Gateway.Cli;

#if DEVICE_BINDINGS
Sluice.Sensors.Drivers.DriverCatalog.Add(Sluice.Sensors.Bindings.BindingDriver.I2c);
Sluice.Sensors.Drivers.DriverCatalog.Add(Sluice.Sensors.Bindings.BindingDriver.Spi);
#endif

// Not Console.Out and Console.Error: they prepare the terminal for Console.ReadKey, and the SQL shell has its own way with it.
await using StreamWriter output = new(Console.OpenStandardOutput()) { AutoFlush = true };
await using StreamWriter error = new(Console.OpenStandardError()) { AutoFlush = true };
return await CommandLine.InvokeAsync(args, output, error);
