namespace Sluice.Differential.Generation;

internal sealed partial class SqlWriter
{
    private string Integer(Scope scope, int depth)
    {
        string I() => Operand(scope, Kind.Integer, depth);
        string T() => Expression(scope, Kind.Text, depth);
        return dice.Below(22) switch
        {
            0 or 1 => $"{I()} + {I()}",
            2 => $"{I()} - {I()}",
            3 => $"{I()} * {I()}",
            4 => $"{I()} / {I()}",
            5 => $"{I()} % {I()}",
            6 => $"{I()} {dice.Of("&", "|")} {I()}",
            7 => $"{I()} {dice.Of("<<", ">>")} {Operand(scope, Kind.Integer, 0)}",
            8 => $"{dice.Of("-", "~", "+", "- -", "NOT ")}{I()}",
            9 => $"abs({I()} % 1000)",
            10 => $"length({Expression(scope, AnyKind(), depth)})",
            11 => $"instr({T()}, {T()})",
            12 => $"unicode({T()})",
            13 => $"sign({Expression(scope, dice.Of(Kind.Real, Kind.Any), depth)})",
            14 => $"octet_length({Expression(scope, AnyKind(), depth)})",
            15 => JsonNumber(scope, depth),
            16 => DateNumber(scope, depth),
            17 => $"{dice.Of("likely", "unlikely")}({I()})",
            18 => $"likelihood({I()}, 0.25)",
            _ => Condition(scope, depth),
        };
    }

    private string Real(Scope scope, int depth)
    {
        string R() => Operand(scope, dice.Of(Kind.Real, Kind.Real, Kind.Integer), depth);
        return dice.Below(14) switch
        {
            0 => $"{R()} + {R()}",
            1 => $"{R()} - {R()}",
            2 => $"{R()} * {R()}",
            3 => $"{R()} / {R()}",
            4 => $"{R()} % {R()}",
            5 => $"-{R()}",
            6 => $"abs(0.0 + {R()})",
            7 => $"round({R()})",
            8 => $"round({R()}, {dice.Between(-1, 6)})",
            9 => $"{dice.Of("floor", "ceil", "ceiling", "trunc")}({R()})",
            10 => $"{dice.Of("sqrt", "radians", "degrees", "ln", "log2", "log10", "exp", "sin", "cos", "atan", "tanh", "asinh")}({R()})",
            11 => $"{dice.Of("mod", "pow", "power", "atan2", "log")}({R()}, {R()})",
            12 => $"julianday({DateArguments(scope, depth)})",
            _ => $"1.0 * {R()}",
        };
    }
}
