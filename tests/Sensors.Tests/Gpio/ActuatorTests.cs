using Sluice.Sensors.Gpio;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Tests.Gpio;

public sealed class ActuatorTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly SimulatedGpioChip _chip = new("simulated", 8);
    private readonly List<string> _changes = [];

    [Fact]
    public void An_output_is_safe_from_the_first_moment_to_the_last()
    {
        List<string> levels = [];
        _chip.OutputChanged = (line, level) => levels.Add($"{line} {level}");
        ActuatorSet outputs = Make(new ActuatorDefinition { Name = "valve", Bus = "c", Line = "1", IsActiveLow = true }, new ActuatorDefinition { Name = "heat", Bus = "c", Line = "2", SafeState = true });
        outputs.Start();

        // Off is high for the one, on is high for the other.
        Assert.Equal(["1 True", "2 True"], levels);
        Assert.Equal(ActuatorResult.Done, outputs.Set("valve", true, out _));
        Assert.Equal(ActuatorResult.Done, outputs.Set("heat", false, out _));
        outputs.Dispose();
        Assert.Equal(["1 True", "2 True", "1 False", "2 False", "1 True", "2 True"], levels);
        Assert.Equal(["valve off start", "heat on start", "valve on command", "heat off command", "valve off end", "heat on end"], _changes);
    }

    [Fact]
    public void A_command_times_out_to_the_safe_state_and_a_new_one_begins_the_time_anew()
    {
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "pump", Bus = "c", Line = "1", Timeout = TimeSpan.FromMinutes(10) });
        outputs.Start();
        outputs.Set("pump", true, out _);
        _time.Advance(TimeSpan.FromMinutes(9));
        outputs.Set("pump", true, out _);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(outputs.IsOn("pump"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(outputs.IsOn("pump"));
        Assert.Equal("pump off time-out", _changes[^1]);
    }

    [Fact]
    public void Interlocked_outputs_are_never_on_together()
    {
        using ActuatorSet outputs = Make(
            new ActuatorDefinition { Name = "up", Bus = "c", Line = "1", Interlock = ["down"] }, new ActuatorDefinition { Name = "down", Bus = "c", Line = "2" });
        outputs.Start();
        outputs.Set("down", true, out _);
        Assert.Equal(ActuatorResult.Interlocked, outputs.Set("up", true, out string reason));
        Assert.Equal("down is on, and the two are interlocked", reason);
        outputs.Set("down", false, out _);
        Assert.Equal(ActuatorResult.Done, outputs.Set("up", true, out _));
        Assert.Equal(ActuatorResult.Interlocked, outputs.Set("down", true, out _));
        Assert.Equal(ActuatorResult.Unknown, outputs.Set("sideways", true, out _));
    }

    [Fact]
    public void An_output_that_cannot_be_set_says_so_once_and_is_tried_again_in_its_safe_state()
    {
        List<string> failures = [];
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "pump", Bus = "c", Line = "1" });
        outputs.Failed = (name, fault) => failures.Add($"{name} {fault.Reason}");
        _chip.Plug(false);
        outputs.Start();
        Assert.Null(outputs.IsOn("pump"));
        Assert.Equal(ActuatorResult.Failed, outputs.Set("pump", true, out _));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["pump Missing"], failures);
        _chip.Plug(true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(outputs.IsOn("pump"));
        Assert.Equal(["pump off can be set again"], _changes);
        Assert.Equal(ActuatorResult.Done, outputs.Set("pump", true, out _));
    }

    [Fact]
    public void An_output_whose_chip_is_pulled_out_is_noticed_without_a_command_and_is_safe_when_it_is_back()
    {
        List<string> failures = [];
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "pump", Bus = "c", Line = "1", SafeState = true });
        outputs.Failed = (name, fault) => failures.Add($"{name} {fault.Reason}");
        outputs.Start();
        outputs.Set("pump", false, out _);
        _chip.Plug(false);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(outputs.IsOn("pump"));
        Assert.Equal(["pump Missing"], failures);
        _chip.Plug(true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(outputs.IsOn("pump"));
        Assert.Equal("pump on can be set again", _changes[^1]);
    }

    /// <summary>A heater whose write fails just when its time is over must not stay on.</summary>
    [Fact]
    public void A_time_out_that_cannot_be_written_is_tried_again_until_it_is()
    {
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "heat", Bus = "c", Line = "1", Timeout = TimeSpan.FromSeconds(9.5) });
        List<bool> levels = [];
        outputs.Start();
        _chip.OutputChanged = (_, level) => levels.Add(level);
        outputs.Set("heat", true, out _);
        _time.Advance(TimeSpan.FromSeconds(9.2));
        Assert.True(outputs.IsOn("heat"));
        _chip.Plug(false);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Null(outputs.IsOn("heat"));
        Assert.Equal([true], levels);
        _chip.Plug(true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true, false], levels);
        Assert.False(outputs.IsOn("heat"));
    }

    [Fact]
    public void An_output_of_unknown_state_blocks_what_it_is_interlocked_with()
    {
        SimulatedGpioChip other = new("other", 8);
        using ActuatorSet outputs = new(
            [new ActuatorDefinition { Name = "up", Bus = "other", Line = "1", Interlock = ["down"] }, new ActuatorDefinition { Name = "down", Bus = "c", Line = "2" }],
            (output, state) => new GpioOutput(output.Bus == "c" ? _chip : other, output.Line, output.IsActiveLow, state), _time);
        outputs.Start();
        outputs.Set("up", true, out _);
        other.Plug(false);
        Assert.Equal(ActuatorResult.Failed, outputs.Set("up", false, out _));
        Assert.Equal(ActuatorResult.Interlocked, outputs.Set("down", true, out string reason));
        Assert.Equal("up cannot be set, and the two are interlocked", reason);
        other.Plug(true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ActuatorResult.Done, outputs.Set("down", true, out _));
    }

    [Fact]
    public void What_the_device_switches_on_by_itself_has_a_time_out_and_interlocks()
    {
        Coil up = new();
        Coil down = new();
        using ActuatorSet outputs = new(
            [
                new ActuatorDefinition { Name = "up", Bus = "c", Line = "1", Interlock = ["down"], Timeout = TimeSpan.FromMinutes(1) },
                new ActuatorDefinition { Name = "down", Bus = "c", Line = "2" },
            ],
            (output, _) => output.Name == "up" ? up : down, _time) { Changed = (name, state, why) => _changes.Add($"{name} {(state ? "on" : "off")} {why}") };
        outputs.Start();
        up.State = true;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(outputs.IsOn("up"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(up.State);

        outputs.Set("down", true, out _);
        up.State = true;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(up.State);
        Assert.Equal(["up on changed by the device", "up off time-out", "down on command", "up on changed by the device", "up off interlocked"], _changes[2..]);
    }

    [Fact]
    public void A_command_after_the_end_switches_nothing()
    {
        ActuatorSet outputs = Make(new ActuatorDefinition { Name = "valve", Bus = "c", Line = "1" });
        outputs.Start();
        outputs.Dispose();
        List<bool> levels = [];
        _chip.OutputChanged = (_, level) => levels.Add(level);
        Assert.Equal(ActuatorResult.Failed, outputs.Set("valve", true, out string reason));
        Assert.Equal("the outputs have ended", reason);
        Assert.Empty(levels);
    }

    private ActuatorSet Make(params ActuatorDefinition[] definitions) =>
        new(definitions, (output, state) => new GpioOutput(_chip, output.Line, output.IsActiveLow, state), _time) { Changed = (name, state, why) => _changes.Add($"{name} {(state ? "on" : "off")} {why}") };

    /// <summary>An output that others may switch, too.</summary>
    private sealed class Coil : IOutputPort
    {
        public bool State { get; set; }

        public void Write(bool state) => State = state;

        public bool Read() => State;

        public void Dispose()
        {
        }
    }
}
