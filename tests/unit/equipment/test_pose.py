"""Rigid motions: against quaternions, the laws they obey, and rotations that two axes share."""

from math import cos, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.pose import NOWHERE, Motion, Vector, angles_of, motion

Quaternion = tuple[float, float, float, float]

angles = st.tuples(*[st.floats(-10, 10)] * 3)
positions = st.tuples(*[st.floats(-1e4, 1e4)] * 3)
motions = st.builds(motion, positions, angles)
signs = st.sampled_from([1.0, -1.0])


def times(left: Quaternion, right: Quaternion) -> Quaternion:
    a, b, c, d = left
    e, f, g, h = right
    return (
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,
        a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )


def about(axis: int, angle: float) -> Quaternion:
    parts = [cos(angle / 2), 0.0, 0.0, 0.0]
    parts[axis + 1] = sin(angle / 2)
    return parts[0], parts[1], parts[2], parts[3]


def turned(by: Vector, point: Vector) -> Vector:
    """A point turned about the fixed x, then y, then z axis, by quaternions."""
    for axis, angle in enumerate(by):
        q = about(axis, angle)
        _, x, y, z = times(times(q, (0.0, *point)), (q[0], -q[1], -q[2], -q[3]))
        point = (x, y, z)
    return point


def near(vector: Vector, scale: float = 1.0) -> object:
    return pytest.approx(vector, rel=1e-9, abs=1e-9 * scale)


def same(one: Motion, other: Motion) -> bool:
    rows = zip(one.rotation, other.rotation, strict=True)
    return all(near(left) == right for left, right in rows) and near(one.position, 1e4) == other.position


@given(angles, positions, positions)
def test_a_placement_turns_about_fixed_axes_x_first_and_then_moves(by: Vector, to: Vector, point: Vector) -> None:
    x, y, z = turned(by, point)
    assert motion(to, by).applied(point) == near((x + to[0], y + to[1], z + to[2]), 1e4)


def test_a_right_angle_about_each_axis() -> None:
    assert motion((0, 0, 0), (pi / 2, 0, 0)).applied((0, 1, 0)) == near((0, 0, 1))
    assert motion((0, 0, 0), (0, pi / 2, 0)).applied((0, 0, 1)) == near((1, 0, 0))
    assert motion((0, 0, 0), (0, 0, pi / 2)).applied((1, 0, 0)) == near((0, 1, 0))
    assert motion((0, 0, 0), (pi / 2, 0, pi / 2)).applied((0, 1, 0)) == near((0, 0, 1))


@given(motions, motions, positions)
def test_one_motion_inside_another_is_the_inner_first(outer: Motion, inner: Motion, point: Vector) -> None:
    assert outer.then(inner).applied(point) == near(outer.applied(inner.applied(point)), 1e4)


@given(motions, motions, motions)
def test_composing_is_associative(first: Motion, second: Motion, third: Motion) -> None:
    assert same(first.then(second).then(third), first.then(second.then(third)))


@given(motions)
def test_a_motion_and_its_inverse_lead_nowhere(moved: Motion) -> None:
    assert same(moved.then(moved.inverse()), NOWHERE)
    assert same(moved.inverse().then(moved), NOWHERE)
    assert same(NOWHERE.then(moved), moved)


@given(angles)
def test_angles_taken_from_a_rotation_make_it_again(by: Vector) -> None:
    rotation = motion((0, 0, 0), by).rotation
    again = motion((0, 0, 0), angles_of(rotation)).rotation
    assert [near(row) for row in rotation] == list(again)


@given(st.floats(-pi, pi), st.floats(-pi, pi), signs, st.sampled_from([0.0, 1e-15, 1e-12, 1e-9, 1e-6]))
def test_where_two_axes_are_one_the_angles_still_make_the_rotation(
    rx: float, rz: float, sign: float, off: float
) -> None:
    rotation = motion((0, 0, 0), (rx, sign * (pi / 2 - off), rz)).rotation
    found = angles_of(rotation)
    assert [near(row) for row in rotation] == list(motion((0, 0, 0), found).rotation)
    if off == 0:
        assert found[2] == 0
        assert found[1] == pytest.approx(sign * pi / 2)


@given(st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(-3, 3))
def test_small_enough_angles_come_back_as_they_were_given(rx: float, ry: float, rz: float) -> None:
    assert angles_of(motion((0, 0, 0), (rx, ry, rz)).rotation) == near((rx, ry, rz))
