"""Rigid motions of space: what placements mean, and how they follow one another. Lengths in mm, angles in rad."""

from dataclasses import dataclass
from math import atan2, cos, hypot, sin

Vector = tuple[float, float, float]
Rows = tuple[Vector, Vector, Vector]

# Below this the first and the third axis of rotation are one, as far as floating point can tell.
_GIMBAL_LOCK = 1e-12


@dataclass(frozen=True)
class Motion:
    """A rotation, then a translation: `p` in the inner frame is `rotation * p + position` in the outer one."""

    rotation: Rows
    position: Vector

    def then(self, inner: "Motion") -> "Motion":
        """This motion with another one inside it: the pose in this frame's outer frame of what `inner` places here."""
        return Motion(_product(self.rotation, inner.rotation), self.applied(inner.position))

    def applied(self, point: Vector) -> Vector:
        """Where a point of the inner frame is in the outer one."""
        x, y, z = (_dot(row, point) for row in self.rotation)
        return x + self.position[0], y + self.position[1], z + self.position[2]

    def inverse(self) -> "Motion":
        """The motion that leads back."""
        back = _transposed(self.rotation)
        x, y, z = (-_dot(row, self.position) for row in back)
        return Motion(back, (x, y, z))


NOWHERE = Motion(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), (0.0, 0.0, 0.0))
"""The motion that moves nothing."""


def motion(position: Vector, angles: Vector) -> Motion:
    """A motion by its position and its angles about the fixed axes x, y, z of the outer frame, in this order."""
    (sx, cx), (sy, cy), (sz, cz) = ((sin(angle), cos(angle)) for angle in angles)
    rotation = (
        (cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx),
        (sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx),
        (-sy, cy * sx, cy * cx),
    )
    return Motion(rotation, position)


def angles_of(rotation: Rows) -> Vector:
    """Angles about the fixed axes x, y, z, in this order, that make the rotation.

    Where y is turned by a right angle, x and z turn about one line: all of it is given to x.
    """
    (r00, r01, r02), (r10, r11, r12), (r20, _, _) = rotation
    rz = atan2(r10, r00) if hypot(r00, r10) > _GIMBAL_LOCK else 0.0
    s, c = sin(rz), cos(rz)
    # With the turn about z taken back, what is left of the second row is that about x alone, whatever y is.
    ry = atan2(-r20, c * r00 + s * r10)
    rx = atan2(s * r02 - c * r12, c * r11 - s * r01)
    return rx + 0.0, ry + 0.0, rz + 0.0


def _product(left: Rows, right: Rows) -> Rows:
    columns = _transposed(right)
    first, second, third = ((_dot(row, columns[0]), _dot(row, columns[1]), _dot(row, columns[2])) for row in left)
    return first, second, third


def _transposed(rows: Rows) -> Rows:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return (a, d, g), (b, e, h), (c, f, i)


def _dot(left: Vector, right: Vector) -> float:
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
