using System.Device.Gpio;
using Sluice.Sensors.Gpio;

namespace Sluice.Sensors.Bindings;

/// <summary>
/// One of our GPIO chips as System.Device.Gpio's <see cref="GpioDriver"/>: <c>new GpioController(new ChipGpioDriver(chip))</c>. Each pin is
/// a request of its own; one with callbacks has a thread.
/// </summary>
public sealed class ChipGpioDriver(IGpioChip chip) : GpioDriver
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Pin> _pins = [];

    protected override int PinCount => chip.Lines.Count;

    protected override void OpenPin(int pinNumber)
    {
        lock (_gate)
        {
            _pins.Add(pinNumber, new Pin(pinNumber, Request(pinNumber, PinMode.Input, PinValue.Low)));
        }
    }

    protected override void ClosePin(int pinNumber)
    {
        Pin? pin;
        lock (_gate)
        {
            _pins.Remove(pinNumber, out pin);
        }

        pin?.Close();
    }

    protected override void SetPinMode(int pinNumber, PinMode mode) => SetPinMode(pinNumber, mode, PinValue.Low);

    protected override void SetPinMode(int pinNumber, PinMode mode, PinValue initialValue)
    {
        Pin pin = Find(pinNumber);
        pin.Lines.Dispose();
        pin.Lines = Request(pinNumber, mode, initialValue);
        pin.Mode = mode;
    }

    protected override PinMode GetPinMode(int pinNumber) => Find(pinNumber).Mode;

    protected override bool IsPinModeSupported(int pinNumber, PinMode mode) =>
        mode is PinMode.Input or PinMode.InputPullUp or PinMode.InputPullDown or PinMode.Output;

    protected override PinValue Read(int pinNumber) => (Find(pinNumber).Lines.Read() & 1) != 0 ? PinValue.High : PinValue.Low;

    protected override void Write(int pinNumber, PinValue value) => Find(pinNumber).Lines.Write(1, value == PinValue.High ? 1UL : 0);

    protected override WaitForEventResult WaitForEvent(int pinNumber, PinEventTypes eventTypes, CancellationToken cancellationToken)
    {
        Pin pin = Find(pinNumber);
        while (!cancellationToken.IsCancellationRequested)
        {
            if (Next(pin) is { } happened && eventTypes.HasFlag(happened))
            {
                return new WaitForEventResult { EventTypes = happened };
            }
        }

        return new WaitForEventResult { TimedOut = true };
    }

    protected override void AddCallbackForPinValueChangedEvent(int pinNumber, PinEventTypes eventTypes, PinChangeEventHandler callback)
    {
        Pin pin = Find(pinNumber);
        lock (_gate)
        {
            pin.Callbacks.Add((eventTypes, callback));
            if (pin.Reader is null)
            {
                pin.Reader = new Thread(() => Watch(pin)) { IsBackground = true, Name = $"gpio {pinNumber}" };
                pin.Reader.Start();
            }
        }
    }

    protected override void RemoveCallbackForPinValueChangedEvent(int pinNumber, PinChangeEventHandler callback)
    {
        Pin pin = Find(pinNumber);
        lock (_gate)
        {
            pin.Callbacks.RemoveAll(entry => entry.Callback == callback);
        }
    }

    protected override void Dispose(bool disposing)
    {
        Pin[] pins;
        lock (_gate)
        {
            pins = [.. _pins.Values];
            _pins.Clear();
        }

        foreach (Pin pin in pins)
        {
            pin.Close();
        }
    }

    private void Watch(Pin pin)
    {
        while (!pin.IsClosed)
        {
            if (Next(pin) is not { } happened)
            {
                continue;
            }

            PinChangeEventHandler[] callbacks;
            lock (_gate)
            {
                callbacks = [.. pin.Callbacks.Where(entry => entry.Types.HasFlag(happened)).Select(entry => entry.Callback)];
            }

            foreach (PinChangeEventHandler callback in callbacks)
            {
                callback(this, new PinValueChangedEventArgs(happened, pin.Number));
            }
        }
    }

    private static PinEventTypes? Next(Pin pin)
    {
        Span<GpioEvent> events = stackalloc GpioEvent[1];
        try
        {
            return pin.Lines.ReadEvents(events, Poll) == 0 ? null : events[0].IsRising ? PinEventTypes.Rising : PinEventTypes.Falling;
        }
        catch (ObjectDisposedException)
        {
            // Its mode was just changed, or it was closed.
            return null;
        }
    }

    private Pin Find(int number)
    {
        lock (_gate)
        {
            return _pins.TryGetValue(number, out Pin? pin) ? pin : throw new InvalidOperationException($"Pin {number} is not open.");
        }
    }

    private IGpioLines Request(int number, PinMode mode, PinValue initial) => chip.Request(
    [
        new GpioLineSettings
        {
            Offset = number,
            IsOutput = mode == PinMode.Output,
            InitialValue = initial == PinValue.High,
            Edges = mode == PinMode.Output ? GpioEdges.None : GpioEdges.Both,
            Bias = mode switch { PinMode.InputPullUp => GpioBias.PullUp, PinMode.InputPullDown => GpioBias.PullDown, _ => GpioBias.Default },
        },
    ], GpioPort.EventBuffer);

    private sealed class Pin(int number, IGpioLines lines)
    {
        public int Number { get; } = number;

        public IGpioLines Lines { get; set; } = lines;

        public PinMode Mode { get; set; } = PinMode.Input;

        public List<(PinEventTypes Types, PinChangeEventHandler Callback)> Callbacks { get; } = [];

        public Thread? Reader { get; set; }

        public volatile bool IsClosed;

        public void Close()
        {
            IsClosed = true;
            Reader?.Join();
            Lines.Dispose();
        }
    }
}
