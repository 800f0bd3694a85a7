namespace Sluice.Sensors.Kernel;

/// <summary>Request numbers as <c>&lt;asm-generic/ioctl.h&gt;</c> composes them: direction, size, type, number.</summary>
internal static class Ioctl
{
    private const uint Write = 1;
    private const uint Read = 2;

    public static nuint R<T>(byte type, byte number)
        where T : unmanaged => Compose<T>(Read, type, number);

    public static nuint W<T>(byte type, byte number)
        where T : unmanaged => Compose<T>(Write, type, number);

    public static nuint WR<T>(byte type, byte number)
        where T : unmanaged => Compose<T>(Read | Write, type, number);

    private static unsafe nuint Compose<T>(uint direction, byte type, byte number)
        where T : unmanaged => (direction << 30) | ((uint)sizeof(T) << 16) | ((uint)type << 8) | number;
}
