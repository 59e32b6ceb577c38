"""Observe, plan, judge and execute: the parts that know every kind alike."""
