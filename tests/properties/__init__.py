"""Properties of planning and applying on random meshes and worlds."""
