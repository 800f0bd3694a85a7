#if DEVICE_BINDINGS
Sluice.Sensors.Drivers.DriverCatalog.Add(Sluice.Sensors.Bindings.BindingDriver.I2c);
Sluice.Sensors.Drivers.DriverCatalog.Add(Sluice.Sensors.Bindings.BindingDriver.Spi);
#endif
return await Sluice.Gateway.Cli.CommandLine.InvokeAsync(args, Console.Out, Console.Error);
